"""
    SENSITIVITIES

How gradients are computed: `:gauss` and `:interpolating` adjoints, whose vector-Jacobian products
come from compiled ReverseDiff tapes, `:forwarddiff` through an explicit solver, or `:auto`: interpolating
with explicit methods, Gauss with implicit ones, which would otherwise have to solve states and
parameters as one implicit system.
"""
const SENSITIVITIES = (:auto, :gauss, :interpolating, :forwarddiff)

function read_sensitivity(name::AbstractString, solver::Solver)
    if !(Symbol(name) in SENSITIVITIES)
        throw(ArgumentError("sensitivity '$name' is not one of $(join(SENSITIVITIES, ", "))"))
    end
    if name == "forwarddiff" && (solver.name == "auto" || METHODS[solver.name].implicit)
        throw(ArgumentError("sensitivity 'forwarddiff' goes with explicit solvers, and " *
                            "'$(solver.name)' is implicit or may become so; use 'gauss'"))
    end
    return Symbol(name)
end

"""Return the adjoint method for an algorithm."""
function adjoint_method(sensitivity::Symbol, implicit::Bool)
    products = ReverseDiffVJP(true)
    if sensitivity === :interpolating || (sensitivity === :auto && !implicit)
        return InterpolatingAdjoint(; autojacvec = products)
    end
    return GaussAdjoint(; autojacvec = products)
end

"""
    Evaluation

The loss of one experiment of one member and its gradient, in column-major blocks. After a failure
all are zero and the status says why.
"""
struct Evaluation
    data::Float64
    pir::Float64
    gradient::Vector{Float64}
    status::Status
    nfev::Int
    switched::Bool
end

nothing_counted(size) = Evaluation(0.0, 0.0, zeros(size), Success, 0, false)

"""
    evaluate(problem, theta, m, e; gradient)

Return the [`Evaluation`](@ref) of experiment `e` of member `m`; `theta` has column-major blocks.
"""
function evaluate(problem::TrainingProblem, theta::Vector{Float64}, m, e; gradient::Bool)
    cell = Cell(problem, m, e)
    size = gradient ? length(theta) : 0
    counts(cell) || return nothing_counted(size)
    experiment = Experiment(problem, m, e, cell.times[end])
    adjoint = gradient && problem.sensitivity !== :forwarddiff
    path = solve_experiment(experiment, theta, cell.times; dense = adjoint)
    if path.status !== Success
        return Evaluation(0.0, 0.0, zeros(size), path.status, path.nfev, path.switched)
    end
    y = states_at(path, experiment, cell.times)
    data, pir = loss_terms(cell, y)
    total = if adjoint
        adjoint_gradient(problem, experiment, path, cell.times, loss_slope(cell, y), length(theta))
    elseif gradient
        forward_gradient(cell, experiment, theta)
    else
        Float64[]
    end
    return all(isfinite, total) ?
           Evaluation(data, pir, total, Success, path.nfev, path.switched) :
           Evaluation(0.0, 0.0, zeros(size), NonFinite, path.nfev, path.switched)
end

"""Return the gradient from the slopes `(states, times)` of the loss at `times`."""
function adjoint_gradient(problem, experiment, path, times, slopes, size)
    algorithm, implicit = adjoint_algorithm(experiment.solver, path.switched)
    method = adjoint_method(problem.sensitivity, implicit)
    total, carried = zeros(size), zeros(length(experiment.initial))
    for (piece, solution) in Iterators.reverse(collect(zip(experiment.pieces, path.solutions)))
        inside = findall(t -> piece.start < t <= piece.stop, times)
        at, values = times[inside], slopes[:, inside]
        if isempty(at) || at[end] != piece.stop
            at, values = vcat(at, piece.stop), hcat(values, zero(carried))
        end
        values[:, end] .+= carried
        write_slope(out, y, theta, t, index) = (out .= view(values, :, index))
        start_slope, theta_slope = adjoint_sensitivities(
            solution, algorithm; t = at, dgdu_discrete = write_slope, sensealg = method,
            step_options(experiment.solver, experiment.span)...,
            tstops = inner_knots(piece), maxiters = 10 * experiment.solver.max_steps,
            verbose = false
        )
        total .+= vec(theta_slope)
        carried = vec(start_slope)
    end
    return total
end

"""Return the gradient by dual numbers that go through the solver."""
function forward_gradient(cell::Cell, experiment::Experiment, theta)
    return ForwardDiff.gradient(theta) do parameters
        path = solve_experiment(experiment, parameters, cell.times; dense = false)
        path.status === Success || return zero(eltype(parameters)) * NaN
        data, pir = loss_terms(cell, states_at(path, experiment, cell.times))
        return cell.objective.detached_pir ? data : data + pir
    end
end
