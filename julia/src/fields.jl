"""
    Field

A right-hand side. `slope(field, scaling, theta, y, p)` is dy/dt for scaled states `y` and controls
`p` in measured units, with `theta` in column-major blocks; it never changes its arguments and has
no branch on values, so that it can be recorded on a tape.
"""
abstract type Field end

"""Return what a network sees of scaled states: `y`, or `y` and `log(max(y, 0) + offset)`."""
state_features(y, ::Nothing) = y
state_features(y, log_offset) = vcat(y, log.(max.(y, 0) .+ log_offset))

"""
    NeuralODE

dy/dt = MLP(features(y), u) / time_scale.
"""
struct NeuralODE{N, O} <: Field
    network::N
    log_offset::O
end

"""
    ProductionDegradation

dy/dt = (P - D y) / time_scale with P, D = softplus(MLP(features(y), u)).
"""
struct ProductionDegradation{N, O} <: Field
    network::N
    log_offset::O
    n_states::Int
end

function network_output(field::Field, scaling::Scaling, theta, y, p)
    seen = state_features(y, field.log_offset)
    isempty(p) || (seen = vcat(seen, transform_controls(scaling, p)))
    return field.network(seen, theta)
end

function slope(field::NeuralODE, scaling::Scaling, theta, y, p)
    return network_output(field, scaling, theta, y, p) ./ scaling.time_scale
end

function slope(field::ProductionDegradation, scaling::Scaling, theta, y, p)
    rates = softplus.(network_output(field, scaling, theta, y, p))
    n = field.n_states
    return (rates[1:n] .- rates[(n + 1):(2n)] .* y) ./ scaling.time_scale
end
