"""Return `work(item)` of all items, each a task of its own where Julia has several threads."""
function over_threads(work, items)
    Threads.nthreads() == 1 && return map(work, items)
    return fetch.(map(item -> Threads.@spawn(work(item)), items))
end

"""
    loss(problem, theta, members, experiments; gradient)

Return the loss of the chosen members `theta` `(chosen, size)` over the chosen experiments, both
counted from one.

# Returns

A named tuple of `data` and `pir` `(chosen,)`, `status` `(chosen, all experiments)`, `gradient`
`(chosen, size)`, or of no column without one, `nfev` of the forward solves, and `switched`.
"""
function loss(problem::TrainingProblem, theta::AbstractMatrix, members, experiments; gradient::Bool)
    rows = [column_major(problem.layout, theta[row, :]) for row in axes(theta, 1)]
    items = vec([(row, e) for e in experiments, row in eachindex(rows)])
    found = over_threads(items) do (row, e)
        evaluate(problem, rows[row], members[row], e; gradient)
    end
    data, pir = zeros(length(rows)), zeros(length(rows))
    slopes = zeros(length(rows), gradient ? size(theta, 2) : 0)
    status = zeros(Int, length(rows), n_experiments(problem))
    for ((row, e), value) in zip(items, found)
        data[row] += value.data
        pir[row] += value.pir
        status[row, e] = Int(value.status)
        gradient && (slopes[row, :] .+= row_major(problem.layout, value.gradient))
    end
    return (; data, pir, status, gradient = slopes, nfev = sum(v -> v.nfev, found; init = 0),
        switched = any(v -> v.switched, found))
end

"""
    solve_problem(problem, theta, experiments, times)

Integrate the chosen experiments of all members `theta` `(members, size)` to `times`
`(chosen, times)`.

# Returns

A named tuple of `z` `(members, chosen, times, states)` in measured units, `status`, `failed_at` and
`nfev` `(members, chosen)`, and `switched`.
"""
function solve_problem(problem::TrainingProblem, theta::AbstractMatrix, experiments, times)
    shape = (size(theta, 1), length(experiments))
    rows = [column_major(problem.layout, theta[m, :]) for m in 1:shape[1]]
    items = vec([(m, k) for k in 1:shape[2], m in 1:shape[1]])
    found = over_threads(items) do (m, k)
        wanted = unique(sort(times[k, :]))
        experiment = Experiment(problem, m, experiments[k], maximum(wanted))
        path = solve_experiment(experiment, rows[m], wanted; dense = false)
        (path, states_at(path, experiment, times[k, :]) .* experiment.scaling.state_scale)
    end
    z = fill(NaN, shape..., size(times, 2), n_states(problem))
    status, failed_at, nfev = zeros(Int, shape), fill(NaN, shape), zeros(Int, shape)
    for ((m, k), (path, values)) in zip(items, found)
        z[m, k, :, :] = permutedims(values)
        status[m, k], failed_at[m, k], nfev[m, k] = Int(path.status), path.failed_at, path.nfev
    end
    return (; z, status, failed_at, nfev, switched = any(item -> item[1].switched, found))
end

"""Return dz/dt `(members, rows, states)` at `z` `(members, rows, states)` and `p`."""
function field_values(problem::TrainingProblem, theta, z, p)
    value = zeros(size(z))
    for m in axes(z, 1)
        scale, parameters = problem.scalings[m].state_scale, column_major(problem.layout, theta[m, :])
        for row in axes(z, 2)
            y = z[m, row, :] ./ scale
            value[m, row, :] = scale .* slope(problem.fields[m], problem.scalings[m], parameters, y,
                p[m, row, :])
        end
    end
    return value
end

"""Return the gradient `(members, size)` of `sum(cotangent .* field_values(...))`."""
function field_vjp(problem::TrainingProblem, theta, z, p, cotangent)
    total = zeros(size(theta))
    for m in axes(z, 1)
        scaling = problem.scalings[m]
        parameters = column_major(problem.layout, theta[m, :])
        for row in axes(z, 2)
            y, weights = z[m, row, :] ./ scaling.state_scale, cotangent[m, row, :] .* scaling.state_scale
            found = ReverseDiff.gradient(parameters) do values
                sum(weights .* slope(problem.fields[m], scaling, values, y, p[m, row, :]))
            end
            total[m, :] .+= row_major(problem.layout, found)
        end
    end
    return total
end
