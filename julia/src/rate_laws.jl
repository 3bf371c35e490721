"""
    PowerProducts(exponents)

Products of powers of concentrations, one for each row of `exponents` `(products, species)`.

Whole powers are repeated factors, so that negative concentrations, as solvers try them, have signs;
other powers take them for zero. `places` has for every place of a factor one index for each
product: into concentrations, their inverses, the other powers, and a last one, in this order.
"""
struct PowerProducts
    inverted::Vector{Int}
    broken::Vector{Int}
    exponents::Vector{Float64}
    places::Vector{Vector{Int}}
end

function PowerProducts(exponents::AbstractMatrix)
    products, species = size(exponents)
    inverted = [s for s in 1:species if any(e -> e < 0 && isinteger(e), exponents[:, s])]
    found = [(row, s) for s in 1:species, row in 1:products if !isinteger(exponents[row, s])]
    factors = [Int[] for _ in 1:products]
    for row in 1:products, s in 1:species
        e = exponents[row, s]
        isinteger(e) || continue
        source = e > 0 ? s : e < 0 ? species + findfirst(==(s), inverted) : 0
        append!(factors[row], fill(source, Int(abs(e))))
    end
    for (number, (row, _)) in enumerate(found)
        push!(factors[row], species + length(inverted) + number)
    end
    one_more = species + length(inverted) + length(found) + 1
    most = maximum(length, factors; init = 0)
    places = [[get(items, place, one_more) for items in factors] for place in 1:most]
    return PowerProducts(inverted, [s for (_, s) in found],
        [exponents[row, s] for (row, s) in found], places)
end

power_above_zero(x, exponent) = max(x, zero(x))^exponent

"""Return the products at concentrations `c`."""
function (powers::PowerProducts)(c)
    values = c
    isempty(powers.inverted) || (values = vcat(values, inv.(c[powers.inverted])))
    isempty(powers.broken) ||
        (values = vcat(values, power_above_zero.(c[powers.broken], powers.exponents)))
    return gathered_product(vcat(values, [1.0]), powers.places)
end

"""Return the products of `values` at the indices of each place."""
gathered_product(values, places) = foldl((total, at) -> total .* values[at], places[2:end];
    init = values[places[1]])

"""
    RateLaws

Mechanistic rate laws of all reactions at once: see `pyscimlode.models.kinetic.compiled`, which is
the definition. A term is a participant with a KM; one more term is the absent one, whose c/K is
zero. All indices count from one.

# Fields

  - `species`, `km`: of each term.
  - `turns`: masks of the terms whose polynomial 1 + x + ... has a second, third, ... power.
  - `orders`: `(reactions, KM)` powers of KM in the rate.
  - `pairs`: terms of substrates and of products; `pair_reactions` `(reactions, pairs)` sums them up.
  - `sides`: terms of substrates and of products, place by place; `side_reactions`
    `(reactions, sided)`.
  - `powers`: of concentrations in the forward rates, then in the backward ones.
  - `inverse_keq`: zero for irreversible laws.
"""
struct RateLaws
    species::Vector{Int}
    km::Vector{Int}
    turns::Vector{Vector{Float64}}
    orders::Matrix{Float64}
    pairs::NTuple{2, Vector{Int}}
    pair_reactions::Matrix{Float64}
    sides::NTuple{2, Vector{Vector{Int}}}
    side_reactions::Matrix{Float64}
    powers::PowerProducts
    inverse_keq::Vector{Float64}
end

"""
    RateLaws(arrays)

Read the arrays `kinetic_...` (indices from zero) of a description.
"""
function RateLaws(arrays::AbstractDict)
    get_array(name) = arrays["kinetic_" * name]
    index(name) = Int.(get_array(name)) .+ 1
    columns(name) = [column for column in eachcol(index(name))]
    inverse_keq = vec(get_array("inverse_keq"))
    reactions, km = length(inverse_keq), vec(index("km"))
    orders = zeros(reactions, length(get_array("ln_km")))
    for (reaction, column, order) in zip(index("reaction"), km, get_array("order"))
        orders[reaction, column] += order
    end
    turns = vec(Int.(get_array("turns")))
    pairs = index("pairs")
    return RateLaws(
        vec(index("species")), km,
        [Float64.(turns .>= n) for n in 2:maximum(turns; init = 1)], orders,
        (pairs[:, 1], pairs[:, 2]), selection(reactions, vec(index("pair_reaction"))),
        (columns("substrate_side"), columns("product_side")),
        selection(reactions, vec(index("sided_reaction"))),
        PowerProducts(vcat(get_array("forward_orders"), get_array("backward_orders"))), inverse_keq
    )
end

"""Return ln D of all reactions at `x` = c/K of all terms; zero where there is no denominator."""
function log_denominators(laws::RateLaws, x)
    with_absent = vcat(x, [0.0])
    substrates, products = laws.pairs
    logs = laws.pair_reactions * log1p.(with_absent[substrates] .+ with_absent[products])
    isempty(laws.side_reactions) && return logs
    total, power = 1.0 .+ x, x
    for mask in laws.turns
        power = power .* x .* mask
        total = total .+ power
    end
    values = vcat(total, [1.0])
    first_side, second_side = map(places -> gathered_product(values, places), laws.sides)
    return logs .+ laws.side_reactions * log.(first_side .+ second_side .- 1.0)
end

"""
    rates(laws, c, ln_km, ln_vmax)

Return the rates of all reactions (mM/h) at concentrations `c` (mM). A negative concentration counts
as zero in denominators.
"""
function rates(laws::RateLaws, c, ln_km, ln_vmax)
    x = max.(c[laws.species], 0) .* exp.(-1 .* ln_km[laws.km])
    scale = exp.(ln_vmax .- log_denominators(laws, x) .- laws.orders * ln_km)
    products, n = laws.powers(c), length(laws.inverse_keq)
    return scale .* (products[1:n] .- products[(n + 1):(2n)] .* laws.inverse_keq)
end
