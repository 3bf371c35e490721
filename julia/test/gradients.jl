include("examples.jl")
using LinearAlgebra: norm
using Test

gradient_of(problem, theta) = P.loss(problem, theta, [1], [1, 2]; gradient = true)

function differences(problem, theta; step = 1.0e-5)
    return map(eachindex(theta)) do k
        total = map((1, -1)) do sign
            moved = copy(theta)
            moved[k] += sign * step
            found = P.loss(problem, moved, [1], [1, 2]; gradient = false)
            found.data[1] + found.pir[1]
        end
        (total[1] - total[2]) / 2step
    end
end

distance(a, b) = norm(vec(a) .- vec(b)) / norm(b)

@testset "$method, steps $step_inputs" for method in ("tsit5", "rosenbrock"), step_inputs in (false, true)
    problem = example(; method, step_inputs, huber = step_inputs)
    theta = example_theta(problem)
    found = gradient_of(problem, theta)
    @test all(==(0), found.status)
    @test found.nfev > 0
    @test distance(found.gradient, differences(problem, theta)) < 1.0e-5
end

@testset "$sensitivity" for sensitivity in (:gauss, :interpolating, :forwarddiff)
    theta = example_theta(example())
    expected = gradient_of(example(; method = "auto", rtol = 1.0e-11), theta).gradient
    found = gradient_of(example(; sensitivity), theta).gradient
    @test distance(found, expected) < 1.0e-6
end

@testset "a detached penalty does not add to the gradient" begin
    theta = example_theta(example())
    detached = gradient_of(example(; detached_pir = true, pir = 5.0), theta)
    @test detached.pir[1] > 0
    @test detached.gradient ≈ gradient_of(example(; pir = 0.0), theta).gradient
end

@testset "a failed experiment adds nothing" begin
    problem = example(; max_steps = 3, rtol = 1.0e-10)
    found = gradient_of(problem, example_theta(problem))
    @test found.status == fill(Int(P.MaxSteps), 1, 2)
    @test found.data == [0.0]
    @test all(iszero, found.gradient)
end

@testset "the field's vector-Jacobian product" begin
    problem = example()
    theta = example_theta(problem)
    z, p, weights = rand(1, 4, 3), rand(1, 4, 2), randn(1, 4, 3)
    found = P.field_vjp(problem, theta, z, p, weights)
    step = randn(size(theta)...)
    value(s) = sum(weights .* P.field_values(problem, theta .+ s .* step, z, p))
    @test sum(found .* step) ≈ (value(1.0e-6) - value(-1.0e-6)) / 2.0e-6 rtol = 1.0e-6
end

@testset "unknown sensitivities" begin
    solver = example(; method = "auto").solver
    @test_throws r"sensitivity 'magic' is not one of auto, gauss" P.read_sensitivity("magic", solver)
    @test_throws r"goes with explicit solvers, and 'auto'" P.read_sensitivity("forwarddiff", solver)
    @test P.read_sensitivity("gauss", solver) === :gauss
end
