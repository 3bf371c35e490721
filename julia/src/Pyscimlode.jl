"""
The Julia engine of pyscimlode: the same problem and the same parameter vector as in Python, with
Lux networks, OrdinaryDiffEq solvers, SciMLSensitivity gradients and Optimization.jl training.
"""
module Pyscimlode

using ForwardDiff: ForwardDiff
using JSON: JSON
using Lux: Chain, Dense
using LuxCore: apply, initialstates
using NNlib: sigmoid, softplus, swish
using OrdinaryDiffEqBDF: FBDF, QNDF
using OrdinaryDiffEqHighOrderRK: DP8
using OrdinaryDiffEqLowOrderRK: DP5, RK4
using OrdinaryDiffEqRosenbrock: Rodas5P, Rosenbrock23
using OrdinaryDiffEqSDIRK: KenCarp4, Kvaerno5, TRBDF2
using OrdinaryDiffEqTsit5: AutoTsit5, Tsit5
using OrdinaryDiffEqVerner: AutoVern7, Vern7
using Random: Xoshiro
using ReverseDiff: ReverseDiff
using SciMLBase: ODEProblem, ReturnCode, solve, successful_retcode
using SciMLSensitivity: GaussAdjoint, InterpolatingAdjoint, ReverseDiffVJP, adjoint_sensitivities
using SpecialFunctions: erf

include("layout.jl")
include("networks.jl")
include("scaling.jl")
include("fields.jl")
include("hybrid.jl")
include("inputs.jl")
include("statuses.jl")
include("solvers.jl")
include("problems.jl")
include("trajectories.jl")
include("losses.jl")
include("gradients.jl")
include("ensembles.jl")

end
