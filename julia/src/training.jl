"""
    MemberLoss(problem, m)

The loss of a member over all its experiments, with the gradient at the last parameters kept:
optimisers ask for both, one after the other. Where a solve fails, the loss is infinite.
"""
mutable struct MemberLoss
    const problem::TrainingProblem
    const member::Int
    theta::Vector{Float64}
    value::Float64
    gradient::Vector{Float64}
end

MemberLoss(problem, m) = MemberLoss(problem, m, Float64[], Inf, Float64[])

function update!(loss::MemberLoss, theta)
    theta == loss.theta && return loss
    parameters = collect(Float64, theta)
    found = over_threads(1:n_experiments(loss.problem)) do e
        evaluate(loss.problem, parameters, loss.member, e; gradient = true)
    end
    loss.theta = parameters
    loss.gradient = sum(value -> value.gradient, found)
    total = sum(value -> value.data + value.pir, found)
    loss.value = all(value -> value.status === Success, found) ? total : Inf
    return loss
end

value!(loss::MemberLoss, theta) = update!(loss, theta).value

function value_and_gradient!(gradient, loss::MemberLoss, theta)
    update!(loss, theta)
    gradient .= loss.gradient
    return loss.value
end

function optimization_problem(loss::MemberLoss, theta)
    f = OptimizationFunction((theta, _) -> value!(loss, theta);
        grad = (gradient, theta, _) -> (value_and_gradient!(gradient, loss, theta); gradient),
        fg = (gradient, theta, _) -> value_and_gradient!(gradient, loss, theta))
    return OptimizationProblem(f, theta)
end

"""
    run_stage(stage, loss, theta, record)

Minimise from `theta` and return where it ended. `stage["kind"]` is `"adam"` (`steps`, `lr`) or
`"bfgs"` (`max_iters`, `gtol`, `ftol`; the line search of Hager and Zhang). `record(value)` is
called once an iteration.
"""
function run_stage(stage, loss::MemberLoss, theta, record)
    callback(state, value) = (record(value); false)
    problem = optimization_problem(loss, theta)
    if stage["kind"] == "adam"
        return solve(problem, Adam(stage["lr"]); maxiters = stage["steps"], save_best = false,
            callback).u
    elseif stage["kind"] == "bfgs"
        isfinite(value!(loss, theta)) || return theta
        method = BFGS(; initial_stepnorm = 0.01, linesearch = HagerZhang())
        return solve(problem, method; maxiters = stage["max_iters"], g_tol = stage["gtol"],
            reltol = stage["ftol"], callback).u
    end
    throw(ArgumentError("the stage '$(stage["kind"])' is not one of adam, bfgs"))
end

planned_iterations(stage) = stage["kind"] == "adam" ? stage["steps"] : stage["max_iters"]

function train_member(problem::TrainingProblem, theta, m, stages, losses)
    loss = MemberLoss(problem, m)
    function record(value)
        push!(losses, value)
        yield()
    end
    for stage in stages
        theta = run_stage(stage, loss, theta, record)
    end
    push!(losses, value!(loss, theta))
    return theta
end

"""
    train(problem, theta, stages, report)

Train every member, a task each, through all `stages` (JSON text of a list).

# Arguments

  - `theta`: `(members, size)`, where to start.
  - `report`: called now and then on the thread of the caller with the iterations done, those
    planned, and the smallest loss so far.

# Returns

A named tuple of `theta` `(members, size)` and `losses` `(members, iterations)`: those of all
iterations and of the result, NaN after a member's last.
"""
function train(problem::TrainingProblem, theta::AbstractMatrix, stages::AbstractString, report)
    plan = JSON.parse(stages)
    histories = [Float64[] for _ in axes(theta, 1)]
    tasks = map(axes(theta, 1)) do m
        start = column_major(problem.layout, theta[m, :])
        Threads.@spawn train_member(problem, start, m, plan, histories[m])
    end
    total = size(theta, 1) * sum(planned_iterations, plan; init = 0)
    while !all(istaskdone, tasks)
        sleep(0.1)
        report(sum(length, histories), total, smallest(histories))
    end
    found = copy(theta)
    for (m, task) in enumerate(tasks)
        found[m, :] = row_major(problem.layout, fetch(task))
    end
    return (; theta = found, losses = padded(histories))
end

smallest(histories) = minimum(values -> minimum(values; init = Inf), histories; init = Inf)

"""Return `(members, longest)`, NaN after a member's last loss."""
function padded(histories)
    losses = fill(NaN, length(histories), maximum(length, histories; init = 0))
    for (m, values) in enumerate(histories)
        losses[m, eachindex(values)] = values
    end
    return losses
end
