include("examples.jl")
using Test

stages = """[{"kind": "adam", "steps": 15, "lr": 0.02},
             {"kind": "bfgs", "max_iters": 10, "gtol": 1e-8, "ftol": 0.0}]"""
total(problem, theta) = (found = P.loss(problem, theta, [1], [1, 2]; gradient = false);
found.data[1] + found.pir[1])

@testset "training lowers the loss" begin
    problem = example(; rtol = 1.0e-6)
    theta = example_theta(problem)
    reports = []
    found = P.train(problem, theta, stages, (done, planned, loss) -> push!(reports, (done, planned, loss)))
    @test size(found.theta) == size(theta)
    @test size(found.losses, 2) >= 16
    @test found.losses[1, 1] ≈ total(problem, theta)
    @test found.losses[1, end] ≈ total(problem, found.theta)
    @test found.losses[1, end] < found.losses[1, 15] < found.losses[1, 1]
    @test last(reports)[2] == 25
end

@testset "where a solve fails the loss is infinite" begin
    problem = example(; max_steps = 3, rtol = 1.0e-10)
    loss = P.MemberLoss(problem, 1)
    theta = P.column_major(problem.layout, vec(example_theta(problem)))
    @test P.value!(loss, theta) == Inf
    bfgs = Dict("kind" => "bfgs", "max_iters" => 3, "gtol" => 1.0e-8, "ftol" => 0.0)
    @test P.run_stage(bfgs, loss, theta, identity) == theta
    @test_throws r"the stage 'newton' is not one of" P.run_stage(Dict("kind" => "newton"), loss, theta, identity)
end

@testset "the steps of Adam" begin
    problem = example()
    start = P.column_major(problem.layout, vec(example_theta(problem)))
    loss = P.MemberLoss(problem, 1)
    gradient = copy(P.update!(loss, start).gradient)
    moved = P.run_stage(Dict("kind" => "adam", "steps" => 1, "lr" => 0.1), loss, start, identity)
    @test moved ≈ start .- 0.1 .* gradient ./ (abs.(gradient) .+ 1.0e-8)
end

@test isequal(P.padded([[1.0, 2.0], [3.0]]), [1.0 2.0; 3.0 NaN])
@test P.versions()["julia"] == string(VERSION)
