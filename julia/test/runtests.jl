using SafeTestsets: @safetestset
using Test: @testset

const GROUP = get(ENV, "GROUP", "All")

@testset "Pyscimlode" begin
    if GROUP in ("All", "Quality")
        @safetestset "Aqua and explicit imports" include("quality.jl")
    end
    if GROUP in ("All", "Core")
        @safetestset "Layout" include("layout.jl")
        @safetestset "Fields" include("fields.jl")
        @safetestset "Kinetic pathways" include("kinetic.jl")
        @safetestset "Inputs" include("inputs.jl")
        @safetestset "Solvers" include("solvers.jl")
        @safetestset "Losses" include("losses.jl")
        @safetestset "Gradients" include("gradients.jl")
        @safetestset "DiffEqFlux" include("diffeqflux.jl")
        @safetestset "Training" include("training.jl")
        @safetestset "Eigenvalues" include("eigenvalues.jl")
    end
end
