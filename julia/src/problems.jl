"""
    Objective(huber, huber_delta, detached_pir)

The loss of a member: squares or Huber's loss, and whether the penalty adds to the gradient.
"""
struct Objective
    huber::Bool
    huber_delta::Float64
    detached_pir::Bool
end

"""
    TrainingProblem

Members and experiments as plain arrays, in the order of Python's `Problem`: `times`
`(experiments, times)`, `initial` `(experiments, states)`, `observed`
`(experiments, times, states)`, `weights` `(members, experiments, times, states)`, `pir_weights`
`(members, experiments, times)`, `pir` `(members,)`, `loss_scale` `(members, states)`. Fields and
scalings are one a member.
"""
struct TrainingProblem
    fields::Vector{Field}
    scalings::Vector{Scaling}
    layout::Layout
    objective::Objective
    solver::Solver
    sensitivity::Symbol
    step_inputs::Bool
    times::Matrix{Float64}
    initial::Matrix{Float64}
    observed::Array{Float64, 3}
    knot_times::Matrix{Float64}
    knot_values::Array{Float64, 3}
    weights::Array{Float64, 4}
    pir_weights::Array{Float64, 3}
    pir::Vector{Float64}
    loss_scale::Matrix{Float64}
end

n_members(problem::TrainingProblem) = length(problem.fields)
n_experiments(problem::TrainingProblem) = size(problem.times, 1)
n_states(problem::TrainingProblem) = size(problem.initial, 2)
longest_span(problem::TrainingProblem) = maximum(problem.times[:, end] .- problem.times[:, 1])

"""
    open_problem(description, arrays)

Return the problem of a JSON description and a dictionary of arrays.
"""
function open_problem(description::AbstractString, arrays::AbstractDict)
    json = JSON.parse(description)
    layout = read_layout(json["layout"])
    objective, options = json["objective"], get(json, "options", Dict{String, Any}())
    members = axes(arrays["weights"], 1)
    scalings = [read_scaling(json, arrays, m) for m in members]
    fields = Field[read_field(json, arrays, layout, m) for m in members]
    solver = read_solver(json["solver"])
    return TrainingProblem(
        fields, scalings, layout,
        Objective(objective["kind"] == "huber", objective["huber_delta"], objective["detached_pir"]),
        solver, read_sensitivity(get(options, "sensitivity", "auto"), solver),
        json["control_interpolation"] == "step", arrays["times"], arrays["initial"],
        arrays["observed"], arrays["knot_times"], arrays["knot_values"], arrays["weights"],
        arrays["pir_weights"], arrays["pir"], arrays["loss_scale"]
    )
end

function read_scaling(json, arrays, m)
    row(name) = arrays[name][m, :]
    return Scaling(
        row("state_scale"), row("control_shift"), row("control_scale"), row("control_max"),
        arrays["time_scale"][m], Symbol(json["control_transform"]),
        json["constants"]["control_clip"]
    )
end

function read_field(json, arrays, layout, m)
    model, constants = json["model"], json["constants"]
    network = find_block(layout, "net.0.weight") === nothing ? nothing :
              Network(layout, model["activation"])
    log_offset = model["features"] == "log" ? Float64(constants["log_offset"]) : nothing
    kind = model["kind"]
    kind == "neural_ode" && return NeuralODE(network, log_offset)
    states = size(arrays["initial"], 2)
    kind == "production_degradation" && return ProductionDegradation(network, log_offset, states)
    kind == "hybrid_ode" && return read_hybrid(json, arrays, layout, network, log_offset, m)
    kind == "kinetic_ode" && return KineticODE(arrays, layout, network, log_offset)
    throw(ArgumentError("the model '$kind' is not one of neural_ode, production_degradation, " *
                        "hybrid_ode, kinetic_ode"))
end

function read_hybrid(json, arrays, layout, network, log_offset, m)
    model, constants = json["model"], json["constants"]
    amounts = arrays["fixed_amounts"][m, :, :]
    blocks = (:rate, :saturation, :exponent, :yield, :loss)
    return HybridODE(
        network, log_offset, model["network_sees_controls"],
        PathwayStructure(arrays, size(amounts)...), amounts,
        HybridConstants(;
            rate = model["initial_rate"], saturation = model["initial_saturation"],
            exponent = model["initial_exponent"], loss = model["initial_loss"],
            enzyme_floor = constants["enzyme_floor"], enzyme_cap = constants["enzyme_cap"]
        ),
        NamedTuple{blocks}(map(name -> block_range(layout, String(name)), blocks))
    )
end
