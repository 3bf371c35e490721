"""
    Method(forward, adjoint; implicit, fixed)

A solver of the table. `forward` and `adjoint` make the algorithm of each direction.
"""
struct Method{F, A}
    forward::F
    adjoint::A
    implicit::Bool
    fixed::Bool
end

explicit_method(make) = Method(make, make, false, false)

"""
The adjoint equations are linear but written with tapes of numbers, not of dual numbers: their
Jacobian comes from finite differences, which are exact up to rounding for linear functions.
"""
function implicit_method(make; adjoint = make)
    return Method(make, () -> adjoint(; autodiff = AutoFiniteDiff()), true, false)
end

"""Vern7 with all stages of its interpolant at once, which adjoint equations read."""
vern7() = Vern7(; lazy = false)

"""
    METHODS

Names of solvers and what they are here. The adjoint equations of multi-step methods, which would
start again at every output time, are integrated by KenCarp4.
"""
const METHODS = Dict{String, Method}(
    "tsit5" => explicit_method(Tsit5),
    "dopri5" => explicit_method(DP5),
    "dopri8" => explicit_method(DP8),
    "rk4" => Method(RK4, RK4, false, true),
    "rosenbrock" => implicit_method(Rodas5P),
    "esdirk" => implicit_method(KenCarp4),
    "bdf" => implicit_method(FBDF; adjoint = KenCarp4),
    "julia:Tsit5" => explicit_method(Tsit5),
    "julia:Vern7" => explicit_method(vern7),
    "julia:DP5" => explicit_method(DP5),
    "julia:DP8" => explicit_method(DP8),
    "julia:Rosenbrock23" => implicit_method(Rosenbrock23),
    "julia:Rodas5P" => implicit_method(Rodas5P),
    "julia:TRBDF2" => implicit_method(TRBDF2),
    "julia:KenCarp4" => implicit_method(KenCarp4),
    "julia:Kvaerno5" => implicit_method(Kvaerno5),
    "julia:FBDF" => implicit_method(FBDF; adjoint = KenCarp4),
    "julia:QNDF" => implicit_method(QNDF; adjoint = KenCarp4)
)

"""Below this relative tolerance `"auto"` starts with Vern7 instead of Tsit5."""
const TIGHT = 1.0e-7

"""Return the names of the table, `"auto"` first."""
solver_names() = ["auto"; sort!(collect(keys(METHODS)); by = name -> (occursin(':', name), name))]

"""
    Solver

A method and its options: tolerances on scaled states, the steps an experiment may take, and the
step of fixed-step methods (`nothing`: a hundredth of the experiment).
"""
struct Solver
    name::String
    rtol::Float64
    atol::Float64
    max_steps::Int
    step_size::Union{Nothing, Float64}
end

function read_solver(spec)
    name = spec["method"]
    if name != "auto" && !haskey(METHODS, name)
        throw(ArgumentError("solver '$name' is not one of $(join(solver_names(), ", "))"))
    end
    step = spec["step_size"]
    return Solver(name, spec["rtol"], spec["atol"], spec["max_steps"],
        step === nothing ? nothing : Float64(step))
end

"""Return the algorithm of the forward solve; `"auto"` switches to Rodas5P where it is stiff."""
function forward_algorithm(solver::Solver)
    solver.name == "auto" || return METHODS[solver.name].forward()
    return solver.rtol < TIGHT ? AutoVern7(Rodas5P(); lazy = false) : AutoTsit5(Rodas5P())
end

"""Return the algorithm of the adjoint solve, and whether it is implicit."""
function adjoint_algorithm(solver::Solver, switched::Bool)
    if solver.name == "auto"
        switched && return Rodas5P(; autodiff = AutoFiniteDiff()), true
        return (solver.rtol < TIGHT ? vern7() : Tsit5()), false
    end
    method = METHODS[solver.name]
    return method.adjoint(), method.implicit
end

"""Return how steps are chosen over a span of this length, as options of `solve`."""
function step_options(solver::Solver, span::Real)
    if solver.name != "auto" && METHODS[solver.name].fixed
        return (adaptive = false, dt = something(solver.step_size, span / 100))
    end
    return (abstol = solver.atol, reltol = solver.rtol)
end
