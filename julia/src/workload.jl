"""Return the layout of `blocks` and of a network with one hidden layer of width 3."""
function tiny_layout(blocks, n_in, n_out)
    items, offset = Dict{String, Any}[], 0
    network = ("net.0.weight" => [3, n_in], "net.0.bias" => [3], "net.1.weight" => [n_out, 3],
        "net.1.bias" => [n_out])
    for (name, shape) in (blocks..., network...)
        push!(items, Dict("name" => name, "shape" => shape, "offset" => offset))
        offset += prod(shape)
    end
    return read_layout(items)
end

function tiny_neural()
    layout = tiny_layout((), 3, 2)
    return layout, NeuralODE(Network(layout, "tanh"), nothing)
end

"""Return a model with every part of a pathway: one reaction A -> B, B lost and exchanged."""
function tiny_hybrid()
    names = (:rate, :saturation, :exponent, :yield, :loss)
    layout = tiny_layout(map(name -> String(name) => [1], names), 4, 3)
    arrays = Dict{String, Any}(
        "structure_saturation_reaction" => [0], "structure_saturation_state" => [0],
        "structure_use_reaction" => [0], "structure_use_control" => [0], "structure_free" => [1],
        "structure_lost" => [1], "learned_amounts" => reshape([0.0, 1.0], 1, 2, 1)
    )
    constants = HybridConstants(; rate = 1.0, saturation = 1.0, exponent = 0.7, loss = 0.02,
        enzyme_floor = 1.0e-4, enzyme_cap = 3.0)
    places = NamedTuple{names}(map(name -> block_range(layout, String(name)), names))
    return layout,
    HybridODE(Network(layout, "tanh"), 0.01, false, PathwayStructure(arrays, 2, 1),
        [-1.0; 0.0;;], constants, places)
end

"""Return a problem of two states and one control, small enough to be solved in no time."""
function tiny_problem(method::AbstractString, rtol; model = tiny_neural)
    layout, field = model()
    return TrainingProblem(
        Field[field],
        [Scaling(ones(2), zeros(1), ones(1), ones(1), 1.0, :log, 3.0)], layout,
        Objective(true, 1.0, false), Solver(method, rtol, rtol / 100, 1000, nothing), :auto, false,
        [0.0 0.5 1.0], ones(1, 2), zeros(1, 3, 2), [0.0 0.4 1.0], reshape([1.0, 2.0, 1.0], 1, 3, 1),
        fill(0.25, 1, 1, 3, 2), fill(0.25, 1, 1, 3), [1.0], ones(1, 2)
    )
end

function tiny_theta(problem::TrainingProblem)
    return reshape(collect(range(-0.4, 0.5, length(problem.layout))), 1, :)
end

"""
    SOLVE_STEPS

What is compiled into the package's image: names and calls that need no gradient.

Types of ReverseDiff stay out: an image that has them can end the process with a segmentation fault
when it is loaded (https://github.com/JuliaLang/julia/issues/62047).
"""
const SOLVE_STEPS = (
    "fields" => () -> foreach(warm_field, (tiny_neural, tiny_hybrid)),
    "explicit solver" => () -> warm_solver("tsit5", 1.0e-4),
    "solver that switches" => () -> warm_solver("auto", 1.0e-4),
    "solver for tight tolerances" => () -> warm_solver("auto", 1.0e-8),
    "implicit solver" => () -> warm_solver("rosenbrock", 1.0e-4),
    "pathways" => () -> warm_solver("auto", 1.0e-4; model = tiny_hybrid),
    "eigenvalues" => () -> matrix_eigenvalues(ones(1, 2, 2))
)

"""
    GRADIENT_STEPS

What a process compiles when it needs it, or beforehand by [`warm`](@ref).
"""
const GRADIENT_STEPS = (
    "derivatives of fields" => () -> foreach(warm_derivative, (tiny_neural, tiny_hybrid)),
    "gradients" => () -> warm_gradient("tsit5", 1.0e-4),
    "gradients for tight tolerances" => () -> warm_gradient("auto", 1.0e-8),
    "gradients by the implicit solver" => () -> warm_gradient("rosenbrock", 1.0e-4),
    "gradients of pathways" => () -> warm_gradient("auto", 1.0e-4; model = tiny_hybrid),
    "training" => () -> warm_training()
)

function warm_field(model)
    problem = tiny_problem("tsit5", 1.0e-4; model)
    return field_values(problem, tiny_theta(problem), ones(1, 1, 2), ones(1, 1, 1))
end

function warm_derivative(model)
    problem = tiny_problem("tsit5", 1.0e-4; model)
    point = (tiny_theta(problem), ones(1, 1, 2), ones(1, 1, 1))
    return field_vjp(problem, point..., ones(1, 1, 2))
end

function warm_solver(method, rtol; model = tiny_neural)
    problem = tiny_problem(method, rtol; model)
    theta = tiny_theta(problem)
    solve_problem(problem, theta, [1], [0.0 0.5 1.0])
    return loss(problem, theta, [1], [1]; gradient = false)
end

function warm_gradient(method, rtol; model = tiny_neural)
    problem = tiny_problem(method, rtol; model)
    return loss(problem, tiny_theta(problem), [1], [1]; gradient = true)
end

function warm_training()
    problem = tiny_problem("tsit5", 1.0e-4)
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
    steps = (SOLVE_STEPS..., GRADIENT_STEPS...)
    for (index, (what, call)) in enumerate(steps)
        report(index - 1, length(steps), what)
        call()
    end
    report(length(steps), length(steps), "done")
    return nothing
end

@compile_workload begin
    foreach(step -> last(step)(), SOLVE_STEPS)
end
