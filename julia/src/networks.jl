"""Return `x / 2 (1 + erf(x / sqrt(2)))`, the exact form of GELU."""
gelu_exact(x) = x * (1 + erf(x / sqrt(oftype(float(x), 2)))) / 2

const ACTIVATIONS = Dict(
    "tanh" => tanh, "softplus" => softplus, "silu" => swish, "gelu" => gelu_exact
)

"""Where weight and bias of a layer lie in the flat vector."""
struct LayerPlace
    weight::UnitRange{Int}
    bias::UnitRange{Int}
    n_out::Int
    n_in::Int
end

"""
    Network(layout, activation; name = "net")

A fully connected Lux network, linear at the end, whose weights are the blocks
`name.0.weight`, `name.0.bias`, `name.1.weight`, ... of a flat vector with column-major blocks.
"""
struct Network{C, S, P}
    chain::C
    states::S
    places::P
end

function Network(layout::Layout, activation::AbstractString; name::AbstractString = "net")
    places = LayerPlace[]
    while (weight = find_block(layout, "$name.$(length(places)).weight")) !== nothing
        bias = find_block(layout, "$name.$(length(places)).bias")
        push!(places, LayerPlace(weight.range, bias.range, weight.shape...))
    end
    act = ACTIVATIONS[activation]
    layers = map(enumerate(places)) do (index, place)
        Dense(place.n_in => place.n_out, index < length(places) ? act : identity)
    end
    chain = Chain(layers...)
    named = NamedTuple{keys(chain.layers)}(Tuple(places))
    return Network(chain, initialstates(Xoshiro(0), chain), named)
end

"""Return the network's parameters as Lux wants them."""
function lux_parameters(network::Network, theta)
    return map(network.places) do place
        (weight = reshape(theta[place.weight], place.n_out, place.n_in), bias = theta[place.bias])
    end
end

(network::Network)(x, theta) = first(apply(network.chain, x, lux_parameters(network, theta), network.states))
