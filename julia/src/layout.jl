"""
    Block(name, shape, range)

A named, row-major block of the flat parameter vector; `range` counts from one.
"""
struct Block
    name::String
    shape::Vector{Int}
    range::UnitRange{Int}
end

"""
    Layout(blocks)

Names, shapes and places of the blocks of a parameter vector `theta`, which follow each other
without gaps.

Outside, every block is row-major. Julia's arrays are column-major, so fields take the vector in
which each block is reordered: see [`column_major`](@ref) and [`row_major`](@ref).
"""
struct Layout
    blocks::Vector{Block}
    order::Vector{Int}
end

function Layout(blocks::Vector{Block})
    return Layout(blocks, reduce(vcat, map(column_order, blocks); init = Int[]))
end

"""
    read_layout(items)

Return the layout of a JSON list of `name`, `shape` and `offset` (from zero).
"""
function read_layout(items)
    blocks = Block[]
    for item in items
        shape = Int.(item["shape"])
        offset = Int(item["offset"])
        push!(blocks, Block(item["name"], shape, (offset + 1):(offset + prod(shape; init = 1))))
    end
    return Layout(blocks)
end

Base.length(layout::Layout) = length(layout.order)

"""Return where the entries of a block, in column-major order, lie in the row-major vector."""
function column_order(block::Block)
    length(block.shape) < 2 && return collect(block.range)
    rows, columns = block.shape
    return vec(permutedims(reshape(collect(block.range), columns, rows)))
end

"""Return `theta` with column-major blocks."""
column_major(layout::Layout, theta::AbstractVector) = theta[layout.order]

"""Return the row-major vector of one with column-major blocks: the inverse of `column_major`."""
function row_major(layout::Layout, theta::AbstractVector)
    out = similar(theta)
    out[layout.order] = theta
    return out
end

"""Return the block of this name, or `nothing`."""
function find_block(layout::Layout, name::AbstractString)
    index = findfirst(block -> block.name == name, layout.blocks)
    return index === nothing ? nothing : layout.blocks[index]
end

"""Return the range of the block of this name; empty where there is none."""
function block_range(layout::Layout, name::AbstractString)
    block = find_block(layout, name)
    return block === nothing ? (1:0) : block.range
end
