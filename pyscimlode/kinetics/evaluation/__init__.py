"""KM to Vmax to Jacobian to eigenvalues, and second opinions on them."""
