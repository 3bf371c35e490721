"""Return a problem of two states and one control, small enough to be solved in no time."""
function tiny_problem(method::AbstractString = "auto")
    layout = read_layout([
        Dict("name" => "net.0.weight", "shape" => [3, 3], "offset" => 0),
        Dict("name" => "net.0.bias", "shape" => [3], "offset" => 9),
        Dict("name" => "net.1.weight", "shape" => [2, 3], "offset" => 12),
        Dict("name" => "net.1.bias", "shape" => [2], "offset" => 18)
    ])
    return TrainingProblem(
        Field[NeuralODE(Network(layout, "tanh"), nothing)],
        [Scaling(ones(2), zeros(1), ones(1), ones(1), 1.0, :log, 3.0)], layout,
        Objective(true, 1.0, false), Solver(method, 1.0e-4, 1.0e-6, 1000, nothing), :auto, false,
        [0.0 0.5 1.0], ones(1, 2), zeros(1, 3, 2), [0.0 0.4 1.0], reshape([1.0, 2.0, 1.0], 1, 3, 1),
        fill(0.25, 1, 1, 3, 2), fill(0.25, 1, 1, 3), [1.0], ones(1, 2)
    )
end

tiny_theta(problem::TrainingProblem) = reshape(collect(range(-0.4, 0.5, length(problem.layout))), 1, :)

"""
    WARM_STEPS

What is compiled beforehand: names and calls.
"""
const WARM_STEPS = (
    "field" => () -> (problem = tiny_problem(); theta = tiny_theta(problem);
    field_vjp(problem, theta, ones(1, 1, 2), ones(1, 1, 1), ones(1, 1, 2))),
    "explicit solver" => () -> warm_solver("tsit5"),
    "solver that switches" => () -> warm_solver("auto"),
    "implicit solver" => () -> warm_solver("rosenbrock"),
    "training" => () -> warm_training()
)

function warm_solver(method)
    problem = tiny_problem(method)
    theta = tiny_theta(problem)
    solve_problem(problem, theta, [1], [0.0 0.5 1.0])
    return loss(problem, theta, [1], [1]; gradient = true)
end

function warm_training()
    problem = tiny_problem("tsit5")
    stages = """[{"kind": "adam", "steps": 2, "lr": 0.01},
                 {"kind": "bfgs", "max_iters": 2, "gtol": 1e-6, "ftol": 0.0}]"""
    return train(problem, tiny_theta(problem), stages, Returns(nothing))
end

"""
    warm(report)

Compile what most problems need. `report(done, total, what)` is called before every step and at the
end.
"""
function warm(report)
    for (index, (what, call)) in enumerate(WARM_STEPS)
        report(index - 1, length(WARM_STEPS), what)
        call()
    end
    report(length(WARM_STEPS), length(WARM_STEPS), "done")
    return nothing
end

@compile_workload begin
    warm(Returns(nothing))
end
