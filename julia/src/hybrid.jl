"""
    PathwayStructure

A pathway as index arrays, counted from one.

# Fields

  - `factors`: for each place of a substrate, the saturation of every reaction; the number of
    saturations plus one stands for a factor of one.
  - `saturation_state`: state of each saturation.
  - `uses`: `(reactions, uses)`, one where an enzyme is used in a reaction.
  - `use_control`: control of each use.
  - `yield_reaction`, `yield_amounts`: reaction of each learned yield and `(states, yields)`, what
    it makes.
  - `free`, `lost`: `(states, chosen)` selections of free states and of states with a loss.
"""
struct PathwayStructure
    n_reactions::Int
    factors::Vector{Vector{Int}}
    saturation_state::Vector{Int}
    uses::Matrix{Float64}
    use_control::Vector{Int}
    yield_reaction::Vector{Int}
    yield_amounts::Matrix{Float64}
    free_states::Vector{Int}
    free::Matrix{Float64}
    lost_states::Vector{Int}
    lost::Matrix{Float64}
end

"""Return the columns of the unit matrix of `size` at `indices`."""
selection(size, indices) = Float64[i == j for i in 1:size, j in indices]

"""
    PathwayStructure(arrays, n_states, n_reactions)

Read the arrays `structure_...` (indices from zero) and `learned_amounts`
`(yields, states, reactions)`.
"""
function PathwayStructure(arrays, n_states::Int, n_reactions::Int)
    index(name) = vec(Int.(arrays["structure_" * name])) .+ 1
    use_reaction = index("use_reaction")
    learned = arrays["learned_amounts"]
    yield_reaction = [findfirst(r -> any(!iszero, learned[k, :, r]), axes(learned, 3))
                      for k in axes(learned, 1)]
    yield_amounts = zeros(n_states, length(yield_reaction))
    for (k, reaction) in enumerate(yield_reaction)
        yield_amounts[:, k] = learned[k, :, reaction]
    end
    return PathwayStructure(
        n_reactions, substrate_places(index("saturation_reaction"), n_reactions),
        index("saturation_state"), selection(n_reactions, use_reaction),
        index("use_control"), yield_reaction, yield_amounts,
        index("free"), selection(n_states, index("free")),
        index("lost"), selection(n_states, index("lost"))
    )
end

"""Return, place by place, the saturation of every reaction, or one more than there are."""
function substrate_places(owners::Vector{Int}, n_reactions::Int)
    owned = [findall(==(reaction), owners) for reaction in 1:n_reactions]
    most = maximum(length, owned; init = 0)
    return [[get(items, place, length(owners) + 1) for items in owned] for place in 1:most]
end

"""Initial values that the parameters of a hybrid model are relative to."""
Base.@kwdef struct HybridConstants
    rate::Float64
    saturation::Float64
    exponent::Float64
    loss::Float64
    enzyme_floor::Float64
    enzyme_cap::Float64
end

"""
    HybridODE

A pathway whose stoichiometry is known and whose rates are learned: see `pyscimlode.HybridODE`,
which is the definition. `amounts` `(states, reactions)` are the fixed amounts per scaled flux.
"""
struct HybridODE{N, O} <: Field
    network::N
    log_offset::O
    sees_controls::Bool
    structure::PathwayStructure
    amounts::Matrix{Float64}
    constants::HybridConstants
    places::NamedTuple{
        (:rate, :saturation, :exponent, :yield, :loss), NTuple{5, UnitRange{Int}}
    }
end

function slope(field::HybridODE, scaling::Scaling, theta, y, p)
    structure = field.structure
    u = transform_controls(scaling, p)
    seen = state_features(y, field.log_offset)
    heads = field.network(field.sees_controls ? vcat(seen, u) : seen, theta)
    flux = scaled_fluxes(field, scaling, theta, y, u, heads)
    total = field.amounts * flux
    if !isempty(structure.yield_reaction)
        made = exp.(theta[field.places.yield]) .* flux[structure.yield_reaction]
        total = total .+ structure.yield_amounts * made
    end
    if !isempty(structure.lost_states)
        rate = field.constants.loss .* exp.(theta[field.places.loss])
        total = total .- structure.lost * (rate .* y[structure.lost_states])
    end
    if !isempty(structure.free_states)
        learned = exchange(structure.free_states, y, heads[(structure.n_reactions + 1):end])
        total = total .+ structure.free * learned
    end
    return total ./ scaling.time_scale
end

"""Return P - D y of the free states; `heads` are two outputs of the network for each."""
function exchange(free_states, y, heads)
    n = length(free_states)
    made_and_lost = softplus.(heads)
    return made_and_lost[1:n] .- made_and_lost[(n + 1):(2n)] .* y[free_states]
end

function scaled_fluxes(field::HybridODE, scaling::Scaling, theta, y, u, heads)
    structure, constants, places = field.structure, field.constants, field.places
    log_flux = log(constants.rate) .+ theta[places.rate] .+ tanh.(heads[1:(structure.n_reactions)])
    if !isempty(structure.use_control)
        logs = log_enzyme_ratio(scaling, u, constants.enzyme_floor, constants.enzyme_cap)
        offset = log(constants.exponent / (1 - constants.exponent))
        exponent = sigmoid.(theta[places.exponent] .+ offset)
        log_flux = log_flux .+ structure.uses * (exponent .* logs[structure.use_control])
    end
    flux = exp.(log_flux)
    isempty(structure.saturation_state) && return flux
    constant = constants.saturation .* exp.(theta[places.saturation])
    substrate = max.(y[structure.saturation_state], 0)
    saturation = vcat(substrate ./ (constant .+ substrate), [1.0])
    for saturations in structure.factors
        flux = flux .* saturation[saturations]
    end
    return flux
end
