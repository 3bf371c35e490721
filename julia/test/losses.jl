include("examples.jl")
using ForwardDiff: ForwardDiff
using Test

@testset "a loss by hand" begin
    problem = example(; huber = false)
    cell = P.Cell(problem, 1, 1)
    @test P.counts(cell)
    @test cell.times == [0.0, 1.0, 2.5, 4.0]
    y = [1.0 0.5 0.2 0.1; -0.5 0.1 0.2 0.3; -0.8 -0.2 0.1 0.0]
    z = y .* problem.scalings[1].state_scale
    data = sum(problem.weights[1, 1, t, s] * ((z[s, t] - problem.observed[1, t, s]) / problem.loss_scale[1, s])^2
    for t in 1:4, s in 1:3 if problem.weights[1, 1, t, s] > 0)
    found = P.loss_terms(cell, y)
    @test found[1] ≈ data
    @test found[2] ≈ 0.1 * (0.5^2 + 0.8^2 + 0.2^2)
end

@testset "equal times count once, padding not at all" begin
    cell = P.Cell(example(), 1, 2)
    @test cell.times == [0.0, 0.5, 3.0]
    @test cell.columns == [1, 2, 3]
end

@testset "slopes, huber = $huber" for huber in (false, true)
    cell = P.Cell(example(; huber), 1, 1)
    y = randn(Xoshiro(5), 3, 4)
    total(values) = sum(P.loss_terms(cell, values))
    @test P.loss_slope(cell, y) ≈ ForwardDiff.gradient(total, y)
    detached = P.Cell(example(; huber, detached_pir = true), 1, 1)
    data(values) = P.loss_terms(cell, values)[1]
    @test P.loss_slope(detached, y) ≈ ForwardDiff.gradient(data, y)
end

@testset "Huber's loss" begin
    @test P.huber(0.2, 0.5) ≈ 0.02
    @test P.huber(-2.0, 0.5) ≈ 0.5 * (2.0 - 0.25)
end
