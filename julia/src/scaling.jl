"""
    Scaling

Constants between measured units and what a network sees, of one member. The solver integrates
`y = z / state_scale` in measured time.

# Fields

  - `state_scale`: positive, one a state.
  - `control_shift`, `control_scale`, `control_max`: one a control.
  - `time_scale`: positive, in the data's time unit.
  - `control_transform`: `:log`, `:linear` or `:none`.
  - `control_clip`: transformed controls stay within plus and minus this.
"""
struct Scaling
    state_scale::Vector{Float64}
    control_shift::Vector{Float64}
    control_scale::Vector{Float64}
    control_max::Vector{Float64}
    time_scale::Float64
    control_transform::Symbol
    control_clip::Float64
end

"""Return what a network sees of controls `p`, in measured units."""
function transform_controls(scaling::Scaling, p)
    scaling.control_transform === :none && return p
    values = scaling.control_transform === :log ? log1p.(p) : p
    standard = (values .- scaling.control_shift) ./ scaling.control_scale
    return clamp.(standard, -scaling.control_clip, scaling.control_clip)
end

"""Return transformed controls `u` in measured units; their clipping remains."""
function measured_controls(scaling::Scaling, u)
    scaling.control_transform === :none && return u
    p = u .* scaling.control_scale .+ scaling.control_shift
    return scaling.control_transform === :log ? expm1.(p) : p
end

"""
Return the logarithms of `p / control_max`, kept within `floor` and `cap`, from transformed
controls `u`, whose clipping remains.
"""
function log_enzyme_ratio(scaling::Scaling, u, floor, cap)
    return log.(clamp.(measured_controls(scaling, u) ./ scaling.control_max, floor, cap))
end
