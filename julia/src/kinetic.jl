"""
    KineticODE

A kinetic pathway with mechanistic rate laws: see `pyscimlode.models.kinetic.mechanistic_rates`,
which is the definition.

# Fields

  - `network`: corrects the rates; `nothing` for none.
  - `source`: where each species is found among scaled-up states followed by `constants`.
  - `ln_km`, `ln_vmax`: those of the generated model; `km_place`, `vmax_place` say where each one's
    parameter lies in its block, or one more than there are.
  - `amounts`: `(states, reactions)` dc/dt per flux.
  - `control`, `reference`: of each enzyme; `enzyme` says which one a reaction has, or one more.
  - `free_states`, `free`: states that the network learns, and their selection.
"""
struct KineticODE{N, O} <: Field
    network::N
    log_offset::O
    laws::RateLaws
    source::Vector{Int}
    constants::Vector{Float64}
    ln_km::Vector{Float64}
    ln_vmax::Vector{Float64}
    km_place::Vector{Int}
    vmax_place::Vector{Int}
    km_range::UnitRange{Int}
    vmax_range::UnitRange{Int}
    amounts::Matrix{Float64}
    control::Vector{Int}
    reference::Vector{Float64}
    enzyme::Vector{Int}
    free_states::Vector{Int}
    free::Matrix{Float64}
end

"""Return the field of the arrays `kinetic_...` (indices from zero) of a description."""
function KineticODE(arrays::AbstractDict, layout::Layout, network, log_offset)
    index(name) = vec(Int.(arrays["kinetic_" * name])) .+ 1
    amounts, constants = arrays["kinetic_amounts"], vec(arrays["kinetic_constants"])
    ln_km, ln_vmax = vec(arrays["kinetic_ln_km"]), vec(arrays["kinetic_ln_vmax"])
    states = size(amounts, 1)
    source = states .+ collect(eachindex(constants))
    source[index("dynamic")] = index("states")
    return KineticODE(
        network, log_offset, RateLaws(arrays), source, constants, ln_km, ln_vmax,
        places_of(index("free_km"), length(ln_km)), places_of(index("free_vmax"), length(ln_vmax)),
        block_range(layout, "ln_km"), block_range(layout, "ln_vmax"), amounts,
        index("use_control"), vec(arrays["kinetic_use_reference"]),
        places_of(index("use_reaction"), length(ln_vmax)), index("free"),
        selection(states, index("free"))
    )
end

"""Return the place of each of `1:size` in `chosen`, or one more than there are."""
places_of(chosen, size) = [something(findfirst(==(i), chosen), length(chosen) + 1) for i in 1:size]

function slope(field::KineticODE, scaling::Scaling, theta, y, p)
    c = vcat(y .* scaling.state_scale, field.constants)[field.source]
    ln_km = field.ln_km .+ vcat(theta[field.km_range], [0.0])[field.km_place]
    ln_vmax = field.ln_vmax .+ vcat(theta[field.vmax_range], [0.0])[field.vmax_place]
    flux = rates(field.laws, c, ln_km, ln_vmax)
    if !isempty(field.control)
        measured = measured_controls(scaling, transform_controls(scaling, p))
        levels = max.(measured[field.control], 0) ./ field.reference
        flux = flux .* vcat(levels, [1.0])[field.enzyme]
    end
    field.network === nothing && return (field.amounts * flux) ./ scaling.state_scale
    heads = field.network(state_features(y, field.log_offset), theta)
    reactions = length(field.ln_vmax)
    corrected = flux .* exp.(tanh.(heads[1:reactions]))
    change = (field.amounts * corrected) ./ scaling.state_scale
    isempty(field.free_states) && return change
    learned = exchange(field.free_states, y, heads[(reactions + 1):end])
    return change .+ field.free * learned ./ scaling.time_scale
end
