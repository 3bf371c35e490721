"""
    Cell

What counts in one experiment of one member: the loss over its output times. The formulas are those
of `pyscimlode.objectives.losses`.

# Fields

  - `times`: output times, equal ones once, up to the last that counts.
  - `columns`: for each output time that counts, its place in `times`.
  - `observed`, `weights`: `(states, counted)`; `pir_weights`: `(counted,)`.
"""
struct Cell
    objective::Objective
    times::Vector{Float64}
    columns::Vector{Int}
    observed::Matrix{Float64}
    weights::Matrix{Float64}
    pir_weights::Vector{Float64}
    pir::Float64
    loss_scale::Vector{Float64}
    state_scale::Vector{Float64}
end

function Cell(problem::TrainingProblem, m::Integer, e::Integer)
    weights = permutedims(problem.weights[m, e, :, :])
    pir = problem.pir[m]
    pir_weights = pir > 0 ? problem.pir_weights[m, e, :] : zeros(size(problem.times, 2))
    counts = findall(t -> any(>(0), weights[:, t]) || pir_weights[t] > 0, axes(weights, 2))
    times = unique(problem.times[e, counts])
    return Cell(
        problem.objective, times, Int[searchsortedfirst(times, t) for t in problem.times[e, counts]],
        permutedims(problem.observed[e, counts, :]), weights[:, counts], pir_weights[counts], pir,
        problem.loss_scale[m, :], problem.scalings[m].state_scale
    )
end

"""Whether the member trains on the experiment."""
counts(cell::Cell) = !isempty(cell.times)

"""Return r^2 / 2 up to `delta`, linear beyond (Huber 1964)."""
huber(r, delta) = ifelse(abs(r) <= delta, r * r / 2, delta * (abs(r) - delta / 2))

residual(weight, z, observed, scale) = weight > 0 ? (z - observed) / scale : zero(z)

"""Return data term and penalty of scaled states `(states, times)`."""
function loss_terms(cell::Cell, y)
    objective = cell.objective
    data, pir = zero(eltype(y)), zero(eltype(y))
    for (k, column) in enumerate(cell.columns), s in axes(y, 1)

        weight = cell.weights[s, k]
        r = residual(weight, y[s, column] * cell.state_scale[s], cell.observed[s, k],
            cell.loss_scale[s])
        data += weight * (objective.huber ? huber(r, objective.huber_delta) : r * r)
        pir += cell.pir_weights[k] * min(y[s, column], zero(eltype(y)))^2
    end
    return data, cell.pir * pir
end

"""Return the derivative of the loss with respect to scaled states, `(states, times)`."""
function loss_slope(cell::Cell, y)
    objective = cell.objective
    total = zeros(size(y))
    for (k, column) in enumerate(cell.columns), s in axes(y, 1)

        weight, scale = cell.weights[s, k], cell.loss_scale[s]
        r = residual(weight, y[s, column] * cell.state_scale[s], cell.observed[s, k], scale)
        rho = objective.huber ? clamp(r, -objective.huber_delta, objective.huber_delta) : 2r
        total[s, column] += weight * rho * cell.state_scale[s] / scale
        objective.detached_pir ||
            (total[s, column] += 2 * cell.pir * cell.pir_weights[k] * min(y[s, column], 0.0))
    end
    return total
end
