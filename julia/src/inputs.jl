"""
    Piece

Controls p(t) over a span of time in which they do not jump: `base` plus `rises` times ramps that
go from zero to one between consecutive knots. Without knots p(t) is constant.

Written without a branch on t, so that a tape recorded at one time holds at every other.

# Fields

  - `start`, `stop`: the span; the first piece begins and the last one ends with the experiment.
  - `base`: p before the first ramp.
  - `rises`: `(controls, ramps)` change of p over each ramp.
  - `knots`, `widths`: where each ramp begins, and its length.
"""
struct Piece
    start::Float64
    stop::Float64
    base::Vector{Float64}
    rises::Matrix{Float64}
    knots::Vector{Float64}
    widths::Vector{Float64}
end

"""
    ramp(x)

Return x between zero and one. Its derivative at a knot is that of the ramp which begins there:
Rosenbrock methods take df/dt at the start of a step.
"""
ramp(x) = ifelse(x >= 1, one(x), ifelse(x < 0, zero(x), x))

"""Return p(t) of a piece."""
function controls_at(piece::Piece, t)
    isempty(piece.knots) && return piece.base
    return piece.base .+ piece.rises * ramp.((t .- piece.knots) ./ piece.widths)
end

"""Return the knots strictly inside the piece: no step should run over one."""
inner_knots(piece::Piece) = filter(t -> piece.start < t < piece.stop,
    sort!(unique!(vcat(piece.knots, piece.knots .+ piece.widths))))

"""
    input_pieces(knots, values, start, stop; step)

Cut `start` to `stop` where p(t) jumps. `knots` do not decrease; `values` is `(knots, controls)`.
With `step = true` p(t) is the value of the last knot, else it is linear between knots, and
constant outside of them. Of several values at one knot, the first holds before it and the last
after it.
"""
function input_pieces(knots, values, start, stop; step::Bool)
    jumps = [knots[k] for k in 2:length(knots)
             if values[k, :] != values[k - 1, :] && (step || knots[k] == knots[k - 1])]
    cuts = sort!(unique!(filter(t -> start < t < stop, jumps)))
    ends = vcat(start, cuts, stop)
    return [piece_between(knots, values, ends[i], ends[i + 1], step)
            for i in 1:(length(ends) - 1)]
end

function piece_between(knots, values, start, stop, step)
    middle = (start + stop) / 2
    if step
        base = values[max(searchsortedlast(knots, middle), 1), :]
        return Piece(start, stop, base, zeros(length(base), 0), Float64[], Float64[])
    end
    first_knot = max(searchsortedlast(knots, start), 1)
    last_knot = min(searchsortedfirst(knots, stop), length(knots))
    chosen = [k for k in first_knot:(last_knot - 1) if knots[k + 1] > knots[k]]
    rises = reduce(hcat, [values[k + 1, :] .- values[k, :] for k in chosen];
        init = zeros(size(values, 2), 0))
    return Piece(start, stop, values[first_knot, :], rises, knots[chosen],
        [knots[k + 1] - knots[k] for k in chosen])
end
