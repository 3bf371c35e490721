# Classical stiff problems and pathways in Julia: julia problems.jl INPUT.toml OUTPUT.toml
#
# INPUT: name, initial, times, rtols, atols, methods, rounds, max_steps, limit (seconds), constants,
# enzymes (kf, km, kl of nine enzymes) and probes (states at which the field is compared with the
# NumPy definition). OUTPUT: versions, fields at the probes, and one table a solve.

using TOML

const PACKAGES = Dict(
    "OrdinaryDiffEqRosenbrock" => ["Rosenbrock23", "Rodas5P"],
    "OrdinaryDiffEqSDIRK" => ["TRBDF2", "KenCarp4", "Kvaerno5"],
    "OrdinaryDiffEqBDF" => ["FBDF", "QNDF"],
    "OrdinaryDiffEqTsit5" => ["Tsit5"],
    "OrdinaryDiffEqVerner" => ["Vern7"],
    "OrdinaryDiffEqHighOrderRK" => ["DP8"],
)

const INPUT = TOML.parsefile(ARGS[1])

for package in keys(PACKAGES)
    if any(in(PACKAGES[package]), INPUT["methods"]) && Base.find_package(package) !== nothing
        @eval using $(Symbol(package))
    end
end
using OrdinaryDiffEqCore: ODEProblem, solve
import SciMLBase


function robertson!(du, u, p, t)
    a, b, c = u
    decay, exchange, growth = 0.04a, 1e4b * c, 3e7b * b
    du[1] = exchange - decay
    du[2] = decay - exchange - growth
    du[3] = growth
    return nothing
end

function van_der_pol!(du, u, p, t)
    du[1] = u[2]
    du[2] = 1e3 * (1 - u[1] * u[1]) * u[2] - u[1]
    return nothing
end

function hires!(du, u, p, t)
    y1, y2, y3, y4, y5, y6, y7, y8 = u
    bound = 280y6 * y8
    du[1] = -1.71y1 + 0.43y2 + 8.32y3 + 0.0007
    du[2] = 1.71y1 - 8.75y2
    du[3] = -10.03y3 + 0.43y4 + 0.035y5
    du[4] = 8.32y2 + 1.71y3 - 1.12y4
    du[5] = -1.745y5 + 0.43y6 + 0.43y7
    du[6] = -bound + 0.69y4 + 1.71y5 - 0.43y6 + 0.69y7
    du[7] = bound - 1.81y7
    du[8] = -bound + 1.81y7
    return nothing
end

# k: named tuple of the constants; kf, km, kl: nine numbers each.
function pathway!(du, u, p, t)
    (; k, kf, km, kl) = p
    E(j) = kf[j] * t / (km[j] + t) + kl[j]
    a, b, c, m, q, r, i, d, g, _ = u
    ab = a * b
    v1 = k.k11 * E(1) * a / (k.k12 + k.k13 * a)
    v2 = k.ks * k.k21 * E(2) * ab / (k.k22 * b + k.k23 * a + k.k24 * ab + 1e-300)
    v3 = k.k31 * E(3) * c / (k.k32 * a + k.k33 * b + k.k34 * c + k.k35)
    v4 = k.k41 * E(4) * m / (k.k42 * g + k.k43 * q + k.k44 * m + k.k45)
    v5 = k.k51 * E(5) * q / (k.k52 + q)
    v6 = k.k61 * E(6) * r / (k.k62 * q + k.k63 * m + k.k64 * r + k.k65)
    v7 = k.k71 * E(7) * i / (k.k72 + i)
    v8 = k.k81 * E(8) * i * d / (k.k82 + k.k83 * i + k.k84 * d + i * d)
    v9 = k.k91 * E(9) * g / (k.k92 + g)
    du[1] = k.Vin - v1 - v2
    du[2] = v1 - v2
    du[3] = v2 - v3
    du[4] = v3 - v4
    du[5] = v4 - v5
    du[6] = v5 - v6
    du[7] = v6 - v7 - v8
    du[8] = v7 - v8
    du[9] = v8 - v9
    du[10] = v9
    return nothing
end

const FIELDS = Dict(
    "robertson" => robertson!,
    "van-der-pol" => van_der_pol!,
    "hires" => hires!,
    "live-stiff" => pathway!,
    "published-stiff" => pathway!,
)

cpu_seconds() = ccall(:clock, Clong, ()) / 1e6


function solver(name)
    return isdefined(Main, Symbol(name)) ? getfield(Main, Symbol(name))() : nothing
end

function make_solve(f!, parameters, method, rtol, atol)
    u0 = Float64.(INPUT["initial"])
    times = Float64.(INPUT["times"])
    problem = ODEProblem{true}(f!, u0, (times[1], times[end]), parameters)
    options = (; reltol = rtol, abstol = atol, saveat = times, maxiters = INPUT["max_steps"])
    return () -> solve(problem, method; options..., verbose = false)
end

# Median CPU and wall seconds of warm solves, all of them called once in every round.
function time_in_turn(solves, rounds)
    calls = map(solves) do run
        seconds = @elapsed run()
        max(1, ceil(Int, 0.005 / max(seconds, 1e-7)))
    end
    cpu = [Float64[] for _ in solves]
    wall = [Float64[] for _ in solves]
    for round in 1:rounds, index in (isodd(round) ? eachindex(solves) : reverse(eachindex(solves)))
        sum(cpu[index]) * calls[index] > 0.5 && continue
        start, started = cpu_seconds(), time_ns()
        for _ in 1:calls[index]
            solves[index]()
        end
        push!(wall[index], (time_ns() - started) / 1e9 / calls[index])
        push!(cpu[index], (cpu_seconds() - start) / calls[index])
    end
    return cpu, wall
end

middle(x) = sort(x)[(length(x) + 1) ÷ 2]

function main()
    f! = FIELDS[INPUT["name"]]
    parameters = nothing
    if f! === pathway!
        constants = NamedTuple(Symbol(k) => Float64(v) for (k, v) in INPUT["constants"])
        enzymes = (; (Symbol(k) => Tuple(Float64.(v)) for (k, v) in INPUT["enzymes"])...)
        parameters = (; k = constants, enzymes...)
    end
    fields = map(INPUT["probes"]) do probe
        du = zeros(length(INPUT["initial"]))
        f!(du, Float64.(probe[2:end]), parameters, Float64(probe[1]))
        du
    end
    rows = Dict{String, Any}[]
    solves, places = Function[], Int[]
    for name in INPUT["methods"]
        method = solver(name)
        if method === nothing
            push!(rows, Dict("method" => name, "rtol" => 0.0, "status" => "not installed"))
            continue
        end
        hopeless = ""
        for (rtol, atol) in zip(INPUT["rtols"], INPUT["atols"])
            row = Dict{String, Any}("method" => name, "rtol" => rtol)
            push!(rows, row)
            if hopeless != ""
                row["status"] = hopeless
                continue
            end
            run = make_solve(f!, parameters, method, rtol, atol)
            row["first_seconds"] = @elapsed found = try
                run()
            catch problem
                problem
            end
            if found isa Exception
                row["status"] = string(typeof(found))
                continue
            end
            row["status"] = SciMLBase.successful_retcode(found) ? "success" : string(found.retcode)
            row["nfev"] = found.stats.nf
            row["steps"] = found.stats.naccept + found.stats.nreject
            if row["status"] != "success"
                found.retcode == SciMLBase.ReturnCode.MaxIters &&
                    (hopeless = "not tried: step limit at a looser tolerance")
                continue
            end
            row["values"] = reduce(vcat, found.u)
            push!(solves, run)
            push!(places, length(rows))
        end
    end
    cpu, wall = time_in_turn(solves, INPUT["rounds"])
    for (index, place) in enumerate(places)
        rows[place]["seconds"] = middle(cpu[index])
        rows[place]["wall_seconds"] = middle(wall[index])
        rows[place]["rounds"] = length(cpu[index])
    end
    versions = Dict("julia" => string(VERSION))
    for package in keys(PACKAGES)
        isdefined(Main, Symbol(package)) &&
            (versions[package] = string(pkgversion(getfield(Main, Symbol(package)))))
    end
    open(ARGS[2], "w") do file
        TOML.print(file, Dict("versions" => versions, "fields" => fields, "rows" => rows))
    end
    return nothing
end

main()
