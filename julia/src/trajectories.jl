"""
    Experiment

One experiment of one member, ready to be solved.

# Fields

  - `start`: its first time.
  - `initial`: scaled states there.
  - `pieces`: p(t), up to its last output time.
"""
struct Experiment
    field::Field
    scaling::Scaling
    solver::Solver
    span::Float64
    start::Float64
    initial::Vector{Float64}
    pieces::Vector{Piece}
end

"""Return an experiment of a member up to the time `stop`."""
function Experiment(problem::TrainingProblem, m::Integer, e::Integer, stop::Real)
    scaling, start = problem.scalings[m], problem.times[e, 1]
    pieces = stop > start ?
             input_pieces(problem.knot_times[e, :], problem.knot_values[e, :, :], start, stop;
        step = problem.step_inputs) : Piece[]
    return Experiment(problem.fields[m], scaling, problem.solver, longest_span(problem), start,
        problem.initial[e, :] ./ scaling.state_scale, pieces)
end

"""
    Path

A solved experiment: one solution a piece, how it ended, where it stopped (NaN on success), the
evaluations of the field, and whether an automatic method switched to its implicit one.
"""
struct Path{S}
    solutions::Vector{S}
    status::Status
    failed_at::Float64
    nfev::Int
    switched::Bool
end

const DualOrFloat = Union{Float64, ForwardDiff.Dual}

"""
    RightHandSide(field, scaling, piece)

`f(y, theta, t)` of a piece, with its own p(t). Its type says nothing about the field, so that
solvers are compiled once for all models.
"""
struct RightHandSide <: Function
    field::Field
    scaling::Scaling
    piece::Piece
end

function evaluate_slope(f::RightHandSide, y, theta, t)
    return slope(f.field, f.scaling, theta, y, controls_at(f.piece, t))
end

(f::RightHandSide)(y, theta, t) = evaluate_slope(f, y, theta, t)

function (f::RightHandSide)(y::Vector{Y}, theta::Vector{P}, t::T) where {Y <: DualOrFloat,
        P <: DualOrFloat, T <: DualOrFloat}
    R = promote_type(Y, P, T)
    return convert(Vector{R}, evaluate_slope(f, y, theta, t)::Vector)::Vector{R}
end

"""
    solve_experiment(experiment, theta, times; dense)

Integrate piece after piece. Every time in `times` and every knot is the end of a step. With
`dense = true` solutions can be evaluated everywhere, as the adjoint equations need it.
"""
function solve_experiment(experiment::Experiment, theta, times; dense::Bool)
    y = convert(Vector{eltype(theta)}, experiment.initial)
    solutions, left, nfev, switched = Any[], experiment.solver.max_steps, 0, false
    status, failed_at = Success, NaN
    for piece in experiment.pieces
        solution = solve_piece(experiment, piece, y, theta, times, dense, left)
        push!(solutions, solution)
        stats = solution.stats
        nfev += stats.nf
        left -= stats.naccept + stats.nreject
        switched |= experiment.solver.name == "auto" && stats.nw > 0
        y = solution.u[end]
        status = end_status(solution, piece)
        if status !== Success
            failed_at = solution.t[end]
            break
        end
    end
    return Path(identity.(solutions), status, failed_at, nfev, switched)
end

function solve_piece(experiment::Experiment, piece::Piece, y, theta, times, dense, left)
    inside = filter(t -> piece.start < t <= piece.stop, times)
    problem = ODEProblem{false}(
        RightHandSide(experiment.field, experiment.scaling, piece), y,
        (piece.start, piece.stop), theta)
    saving = dense ? (dense = true, save_everystep = true) :
             (saveat = vcat(inside, piece.stop), save_everystep = false, dense = false)
    return solve(problem, forward_algorithm(experiment.solver); saving...,
        step_options(experiment.solver, experiment.span)...,
        tstops = vcat(inside, inner_knots(piece)), maxiters = max(left, 0), verbose = false)
end

"""A solution counts only if it says so, reached its end and is finite there."""
function end_status(solution, piece)
    code = status_of(solution.retcode)
    code === Success || return code
    solution.t[end] == piece.stop || return NonFinite
    return all(isfinite, solution.u[end]) ? Success : NonFinite
end

"""Return the scaled states at `times` `(states, times)`; NaN where the path does not reach."""
function states_at(path::Path, experiment::Experiment, times)
    T = isempty(path.solutions) ? Float64 : eltype(first(path.solutions).u[1])
    y = fill(T(NaN), length(experiment.initial), length(times))
    for (column, t) in enumerate(times)
        if t == experiment.start
            y[:, column] = experiment.initial
            continue
        end
        for (piece, solution) in zip(experiment.pieces, path.solutions)
            piece.start < t <= piece.stop || continue
            index = searchsortedfirst(solution.t, t)
            index <= length(solution.t) && solution.t[index] == t &&
                (y[:, column] = solution.u[index])
        end
    end
    return y
end
