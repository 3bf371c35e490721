include("examples.jl")
using ForwardDiff: ForwardDiff
using ReverseDiff: ReverseDiff
using Test

knots, values = [0.0, 1.0, 3.0], [1.0 10.0; 2.0 10.0; 0.0 20.0]

@testset "linear" begin
    piece = only(P.input_pieces(knots, values, 0.0, 5.0; step = false))
    @test P.controls_at(piece, 0.5) ≈ [1.5, 10.0]
    @test P.controls_at(piece, 2.0) ≈ [1.0, 15.0]
    @test P.controls_at(piece, 4.5) ≈ [0.0, 20.0]
    @test P.inner_knots(piece) == [1.0, 3.0]
    part = only(P.input_pieces(knots, values, 0.5, 2.0; step = false))
    @test P.controls_at(part, 1.5) ≈ [1.5, 12.5]
    late = only(P.input_pieces(knots, values, 4.0, 5.0; step = false))
    @test P.controls_at(late, 4.5) ≈ [0.0, 20.0]
    early = only(P.input_pieces(knots .+ 1, values, 0.0, 1.5; step = false))
    @test P.controls_at(early, 0.0) ≈ [1.0, 10.0]
    @test P.controls_at(early, 1.5) ≈ [1.5, 10.0]
end

@testset "dp/dt at a knot is that of the ramp which begins there" begin
    piece = only(P.input_pieces(knots, values, 0.0, 5.0; step = false))
    slope(t) = ForwardDiff.derivative(s -> P.controls_at(piece, s), t)
    @test slope(0.0) == slope(0.5) == [1.0, 0.0]
    @test slope(1.0) == slope(2.0) == [-1.0, 5.0]
    @test slope(3.0) == slope(4.0) == [0.0, 0.0]
end

@testset "a jump of two values at one knot" begin
    pieces = P.input_pieces([0.0, 1.0, 1.0, 2.0], [0.0; 1.0; 5.0; 6.0;;], 0.0, 2.0; step = false)
    @test [(piece.start, piece.stop) for piece in pieces] == [(0.0, 1.0), (1.0, 2.0)]
    @test P.controls_at(pieces[1], 1.0) == [1.0]
    @test P.controls_at(pieces[2], 1.0) == [5.0]
end

@testset "steps" begin
    pieces = P.input_pieces(knots, values, 0.0, 4.0; step = true)
    @test [(piece.start, piece.stop) for piece in pieces] == [(0.0, 1.0), (1.0, 3.0), (3.0, 4.0)]
    @test [P.controls_at(piece, piece.stop)[1] for piece in pieces] == [1.0, 2.0, 0.0]
end

@testset "a tape holds at every time" begin
    piece = only(P.input_pieces(knots, values, 0.0, 5.0; step = false))
    tape = ReverseDiff.compile(ReverseDiff.GradientTape(
        (s, t) -> sum(s .* P.controls_at(piece, first(t))), (ones(2), [4.9])))
    for t in (0.2, 1.7, 3.0, 4.0)
        @test ReverseDiff.gradient!(tape, (ones(2), [t]))[1] ≈ P.controls_at(piece, t)
    end
end
