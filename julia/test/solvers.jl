include("examples.jl")
using SciMLBase: ReturnCode
using Test

spec(method; step_size = nothing) = Dict{String, Any}(
    "method" => method, "rtol" => 1.0e-6, "atol" => 1.0e-8, "max_steps" => 10_000,
    "step_size" => step_size)

@testset "names" begin
    @test first(P.solver_names()) == "auto"
    @test length(P.solver_names()) == 19
    @test_throws r"solver 'julia:Euler' is not one of auto, bdf" P.read_solver(spec("julia:Euler"))
    @test P.step_options(P.read_solver(spec("rk4")), 10.0) == (adaptive = false, dt = 0.1)
    @test P.step_options(P.read_solver(spec("rk4"; step_size = 0.2)), 10.0).dt == 0.2
end

# Global errors, where those of steps are held to a tolerance of 1e-7: of a method of order p they
# fall with its power p / (p + 1). TRBDF2, KenCarp4 and Kvaerno5 smooth their estimate of the error
# by a matrix that also scales it by the step: steps are longer, and errors of TRBDF2 fall with the
# power 1/2 instead of 2/3.
const BOUNDS = Dict("julia:TRBDF2" => 1.0e-4, "julia:Rosenbrock23" => 1.0e-5,
    "julia:Kvaerno5" => 1.0e-5, "julia:QNDF" => 5.0e-6)

times = [0.0 1.0 2.5 4.0; 0.0 0.5 3.0 3.0]
reference = example(; method = "julia:Vern7", rtol = 1.0e-11)
theta = example_theta(reference)
expected = P.solve_problem(reference, theta, [1, 2], times).z

@testset "$name" for name in P.solver_names()
    problem = example(; method = name, rtol = 1.0e-7)
    found = P.solve_problem(problem, theta, [1, 2], times)
    @test all(==(0), found.status)
    @test all(>(0), found.nfev)
    @test all(isnan, found.failed_at)
    @test maximum(abs, found.z .- expected) < get(BOUNDS, name, 1.0e-6)
end

@testset "the error of TRBDF2 falls with the tolerance" begin
    errors = map((1.0e-5, 1.0e-7, 1.0e-9)) do rtol
        found = P.solve_problem(example(; method = "julia:TRBDF2", rtol), theta, [1, 2], times)
        maximum(abs, found.z .- expected)
    end
    @test errors[1] > 5 * errors[2] > 25 * errors[3]
end

@testset "statuses" begin
    @test P.status_of(ReturnCode.Success) === P.Success
    @test P.status_of(ReturnCode.MaxIters) === P.MaxSteps
    @test P.status_of(ReturnCode.DtLessThanMin) === P.StepTooSmall
    @test P.status_of(ReturnCode.Unstable) === P.NonFinite
    @test P.status_of(ReturnCode.ConvergenceFailure) === P.NewtonFailed
    short = example(; max_steps = 3, rtol = 1.0e-10)
    found = P.solve_problem(short, theta, [1], times[[1], :])
    @test found.status == fill(Int(P.MaxSteps), 1, 1)
    @test 0.0 < found.failed_at[1] < 4.0
    @test found.z[1, 1, 1, :] ≈ short.initial[1, :]
    @test all(isnan, found.z[1, 1, end, :])
end

@testset "an automatic method says that it switched" begin
    stiff = example(; method = "auto", rtol = 1.0e-5, kind = P.ProductionDegradation)
    parameters = example_theta(stiff; scale = 0.1)
    parameters[end] += 5000.0
    parameters[end - 3] += 2500.0
    @test P.solve_problem(stiff, parameters, [1], times[[1], :]).switched
    @test !P.solve_problem(stiff, example_theta(stiff), [1], times[[1], :]).switched
end
