using LinearAlgebra: Diagonal, eigvals
using Pyscimlode: Pyscimlode as P
using Random: Xoshiro
using Test

@testset "those of every matrix" begin
    matrices = randn(Xoshiro(4), 3, 5, 5)
    given = copy(matrices)
    found = P.matrix_eigenvalues(matrices)
    @test matrices == given
    for k in 1:3
        @test complex.(found.real[k, :], found.imaginary[k, :]) ≈ complex(eigvals(given[k, :, :]))
    end
end

@testset "symmetric ones are real; a rotation's are a pair" begin
    matrices = zeros(2, 2, 2)
    matrices[1, :, :] = Diagonal([-3.0, -7.0])
    matrices[2, :, :] = [-1.0 -2.0; 2.0 -1.0]
    found = P.matrix_eigenvalues(matrices)
    @test found.real ≈ [-7.0 -3.0; -1.0 -1.0]
    @test found.imaginary ≈ [0.0 0.0; -2.0 2.0]
end

@testset "none, not square, not finite" begin
    @test size(P.matrix_eigenvalues(zeros(0, 4, 4)).real) == (0, 4)
    @test_throws DimensionMismatch P.matrix_eigenvalues(zeros(1, 2, 3))
    @test_throws ArgumentError P.matrix_eigenvalues(fill(NaN, 1, 2, 2))
end
