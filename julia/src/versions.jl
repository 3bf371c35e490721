const DEPENDENCIES = (
    ForwardDiff, LineSearches, Lux, LuxCore, NNlib, Optim, Optimisers, Optimization,
    OptimizationOptimJL, OptimizationOptimisers, OrdinaryDiffEqBDF, OrdinaryDiffEqHighOrderRK,
    OrdinaryDiffEqLowOrderRK, OrdinaryDiffEqRosenbrock, OrdinaryDiffEqSDIRK, OrdinaryDiffEqTsit5,
    OrdinaryDiffEqVerner, ReverseDiff, SciMLBase, SciMLSensitivity
)

"""Return the versions of Julia, this package and those that do the work."""
function versions()
    found = Dict("julia" => string(VERSION), "threads" => string(Threads.nthreads()))
    for package in (@__MODULE__, DEPENDENCIES...)
        found[string(nameof(package))] = string(pkgversion(package))
    end
    return found
end
