"""Return `x / 2 (1 + erf(x / sqrt(2)))`, the exact form of GELU."""
gelu_exact(x) = x * (1 + erf(x / sqrt(oftype(float(x), 2)))) / 2

"""Return `x` above zero and `exp(x) - 1` below."""
elu_exact(x) = x > 0 ? x : expm1(x)

"""Return `x / (1 + |x|)`."""
soft_sign(x) = x / (1 + abs(x))

const ACTIVATIONS = Dict(
    "tanh" => tanh,
    "softplus" => softplus,
    "silu" => swish,
    "gelu" => gelu_exact,
    "elu" => elu_exact,
    "softsign" => soft_sign,
    "adaptive-tanh" => tanh,
)

"""Where weight, bias and learned slope (0: none) of a layer lie in the flat vector."""
struct LayerPlace
    weight::UnitRange{Int}
    bias::UnitRange{Int}
    slope::Int
    n_out::Int
    n_in::Int
end

"""
    Network(layout, activation; name = "net")

A fully connected Lux network, linear at the end, whose weights are the blocks
`name.0.weight`, `name.0.bias`, `name.1.weight`, ... of a flat vector with column-major blocks. A
layer with a block `name.0.slope` has its weights and biases multiplied by it.
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
        slope = find_block(layout, "$name.$(length(places)).slope")
        place = slope === nothing ? 0 : first(slope.range)
        push!(places, LayerPlace(weight.range, bias.range, place, weight.shape...))
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
    return map(place -> layer_parameters(place, theta), network.places)
end

function layer_parameters(place::LayerPlace, theta)
    weight = reshape(theta[place.weight], place.n_out, place.n_in)
    bias = theta[place.bias]
    place.slope == 0 && return (; weight, bias)
    slope = theta[place.slope]
    return (weight = slope .* weight, bias = slope .* bias)
end

(network::Network)(x, theta) = first(apply(network.chain, x, lux_parameters(network, theta), network.states))
