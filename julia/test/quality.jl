using Aqua: Aqua
using ExplicitImports: check_no_implicit_imports,
                       check_no_self_qualified_accesses, check_no_stale_explicit_imports
using Pyscimlode: Pyscimlode
using Test

# The test for persistent tasks resolves an environment of its own, which needs a registry.
Aqua.test_all(Pyscimlode; persistent_tasks = get(ENV, "JULIA_PKG_OFFLINE", "") != "true")

@testset "Explicit imports" begin
    @test check_no_implicit_imports(Pyscimlode) === nothing
    @test check_no_stale_explicit_imports(Pyscimlode) === nothing
    @test check_no_self_qualified_accesses(Pyscimlode) === nothing
end
