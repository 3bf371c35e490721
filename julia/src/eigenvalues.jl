"""
    matrix_eigenvalues(matrices)

Return the eigenvalues of every matrix of `matrices` `(matrices, n, n)` by `LinearAlgebra.eigvals!`,
which is LAPACK's geevx with balancing.

# Returns

A named tuple of `real` and `imaginary` parts `(matrices, n)`, the smallest real part first.

# Throws

  - `DimensionMismatch`: the matrices are not square.
  - `ArgumentError`: an entry is not finite.
"""
function matrix_eigenvalues(matrices::AbstractArray{Float64, 3})
    number, n, columns = size(matrices)
    n == columns || throw(DimensionMismatch("matrices of $n x $columns are not square"))
    all(isfinite, matrices) || throw(ArgumentError("a matrix has an entry that is not finite"))
    found = over_threads(k -> complex(eigvals!(matrices[k, :, :])), 1:number)
    values = zeros(ComplexF64, number, n)
    for (k, row) in enumerate(found)
        values[k, :] = row
    end
    return (; real = real(values), imaginary = imag(values))
end
