using Aqua: Aqua
using ExplicitImports: check_no_implicit_imports,
                       check_no_self_qualified_accesses, check_no_stale_explicit_imports
using Pyscimlode: Pyscimlode
using Test

Aqua.test_all(Pyscimlode)

@testset "Explicit imports" begin
    # Optimisation backends are loaded for their methods; their versions are told.
    @test check_no_implicit_imports(Pyscimlode) === nothing
    @test check_no_stale_explicit_imports(Pyscimlode) === nothing
    @test check_no_self_qualified_accesses(Pyscimlode) === nothing
end
