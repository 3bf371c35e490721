"""
The Julia engine of pyscimlode: the same problem and the same parameter vector as in Python, with
Lux networks, OrdinaryDiffEq solvers, SciMLSensitivity gradients and Optimization.jl training.
"""
module Pyscimlode

using ADTypes: AutoFiniteDiff
using ForwardDiff: ForwardDiff
using JSON: JSON
using LineSearches: LineSearches, HagerZhang
using LinearAlgebra: eigvals!
using Lux: Lux, Chain, Dense
using LuxCore: LuxCore, apply, initialstates
using NNlib: NNlib, sigmoid, softplus, swish
using Optim: Optim, BFGS
using Optimisers: Optimisers, Adam
using Optimization: Optimization
using OptimizationOptimJL: OptimizationOptimJL
using OptimizationOptimisers: OptimizationOptimisers
using OrdinaryDiffEqBDF: OrdinaryDiffEqBDF, FBDF, QNDF
using OrdinaryDiffEqHighOrderRK: OrdinaryDiffEqHighOrderRK, DP8
using OrdinaryDiffEqLowOrderRK: OrdinaryDiffEqLowOrderRK, DP5, RK4
using OrdinaryDiffEqRosenbrock: OrdinaryDiffEqRosenbrock, Rodas5P, Rosenbrock23
using OrdinaryDiffEqSDIRK: OrdinaryDiffEqSDIRK, KenCarp4, Kvaerno5, TRBDF2
using OrdinaryDiffEqTsit5: OrdinaryDiffEqTsit5, AutoTsit5, Tsit5
using OrdinaryDiffEqVerner: OrdinaryDiffEqVerner, AutoVern7, Vern7
using PrecompileTools: @compile_workload
using Random: Xoshiro
using ReverseDiff: ReverseDiff
using SciMLBase: SciMLBase, ODEProblem, OptimizationFunction, OptimizationProblem, ReturnCode,
                 solve, successful_retcode
using SciMLSensitivity: SciMLSensitivity, GaussAdjoint, InterpolatingAdjoint, ReverseDiffVJP,
                        adjoint_sensitivities
using SpecialFunctions: erf

include("layout.jl")
include("networks.jl")
include("scaling.jl")
include("fields.jl")
include("hybrid.jl")
include("rate_laws.jl")
include("kinetic.jl")
include("inputs.jl")
include("statuses.jl")
include("solvers.jl")
include("problems.jl")
include("trajectories.jl")
include("losses.jl")
include("gradients.jl")
include("ensembles.jl")
include("training.jl")
include("eigenvalues.jl")
include("versions.jl")
include("workload.jl")

end
