# Small problems for the tests: what Python would send, made here.
using Pyscimlode: Pyscimlode as P
using Random: Xoshiro

block(name, shape, offset) = Dict("name" => name, "shape" => shape, "offset" => offset)

"""Return the JSON layout of blocks and a network `n_in -> width -> n_out`."""
function layout_of(blocks, n_in, width, n_out)
    items, offset = [], 0
    for (name, shape) in (blocks..., "net.0.weight" => [width, n_in], "net.0.bias" => [width],
        "net.1.weight" => [n_out, width], "net.1.bias" => [n_out])
        push!(items, block(name, shape, offset))
        offset += prod(shape)
    end
    return P.read_layout(items)
end

function scaling_of(; states = 3, controls = 2, transform = :log)
    return P.Scaling(collect(range(0.5, 2.0, states)), fill(0.4, controls), fill(0.7, controls),
        fill(2.5, controls), 1.5, transform, 3.0)
end

"""Return a member of a neural model with three states and two controls over two experiments."""
function example(; method = "tsit5", rtol = 1.0e-9, sensitivity = :auto, huber = false,
        detached_pir = false, step_inputs = false, max_steps = 10_000, kind = P.NeuralODE, pir = 1.0)
    rng = Xoshiro(1)
    n_out = kind === P.NeuralODE ? 3 : 6
    layout = layout_of((), 5, 4, n_out)
    network = P.Network(layout, "tanh")
    field = kind === P.NeuralODE ? P.NeuralODE(network, nothing) :
            P.ProductionDegradation(network, nothing, 3)
    times = [0.0 1.0 2.5 4.0; 0.0 0.5 3.0 3.0]
    weights = rand(rng, 1, 2, 4, 3)
    weights[1, 1, 2, 1] = 0.0
    weights[1, 2, 4, :] .= 0.0
    pir_weights = fill(0.1, 1, 2, 4)
    pir_weights[1, 2, 4] = 0.0
    observed = 2 .* rand(rng, 2, 4, 3)
    observed[1, 2, 1] = NaN
    initial = [1.0 0.5 -0.4; 0.3 2.0 -0.2]
    return P.TrainingProblem(
        P.Field[field], [scaling_of()], layout, P.Objective(huber, 0.3, detached_pir),
        P.Solver(method, rtol, rtol / 100, max_steps, nothing), sensitivity, step_inputs, times,
        initial, observed, [0.0 1.2 3.0; 0.0 2.0 2.0],
        rand(rng, 2, 3, 2), weights, pir_weights, [pir], [1.0 0.7 1.3]
    )
end

example_theta(problem; scale = 0.4) = scale .* randn(Xoshiro(2), 1, length(problem.layout))
