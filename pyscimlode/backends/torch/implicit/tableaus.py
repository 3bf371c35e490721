"""Coefficients of the implicit methods: a Rosenbrock method and an ESDIRK method.

Both are written in the increments U_i of a step of length h from y, so that one dense output, one
error estimate and one adjoint serve them:

- Rosenbrock: (1 - h gamma J) U_i = gamma (h f(Y_i) + sum_j C_ij U_j + h^2 d_i df/dt)
- ESDIRK:     U_i = h f(Y_i + gamma U_i), the first stage without the implicit part

with Y_i = y + sum_(j < i) a_ij U_j, the new state y + sum_i b_i U_i and the error sum_i e_i U_i.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.torch.tableaus import Tableau

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ImplicitTableau(Tableau):
    """An implicit method; what :class:`Tableau` says holds with U_i in the place of h k_i.

    Attributes:
        a: ``(stages, stages)`` strictly lower triangular.
        gamma: the factor of every implicit stage.
        b: ``(stages,)`` weights of the new state.
        coupling: ``(stages, stages)`` the C of a Rosenbrock method; empty for an ESDIRK method.
        drift: ``(stages,)`` the d of a Rosenbrock method.
    """

    gamma: float = 0.0
    b: FloatArray = field(default_factory=lambda: np.zeros(0))
    coupling: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    drift: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def linearly_implicit(self) -> bool:
        """Whether stages are linear equations with one Jacobian a step."""
        return len(self.coupling) > 0


def _lower(size: int, rows: dict[int, tuple[float, ...]]) -> FloatArray:
    """Return a matrix from the leading entries of some of its rows."""
    matrix = np.zeros((size, size))
    for row, values in rows.items():
        matrix[row, : len(values)] = values
    return matrix


def rodas5p() -> ImplicitTableau:
    """Rodas5P, order 5(4), eight stages, stiffly accurate, with dense output of order 4.

    G. Steinebach, Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within
    the Julia Differential Equations package, BIT Numerical Mathematics 63 (2023) 27, table 3.
    """
    sixth = (
        -7.502846399306121,
        2.561846144803919,
        -11.627539656261098,
        -0.18268767659942256,
        0.030198172008377946,
    )
    a = _lower(
        8,
        {
            1: (3.0,),
            2: (2.849394379747939, 0.45842242204463923),
            3: (-6.954028509809101, 2.489845061869568, -10.358996098473584),
            4: (
                2.8029986275628964,
                0.5072464736228206,
                -0.3988312541770524,
                -0.04721187230404641,
            ),
            5: sixth,
            6: (*sixth, 1.0),
            7: (*sixth, 1.0, 1.0),
        },
    )
    coupling = _lower(
        8,
        {
            1: (-14.155112264123755,),
            2: (-17.97296035885952, -2.859693295451294),
            3: (147.12150275711716, -1.41221402718213, 71.68940251302358),
            4: (
                165.43517024871676,
                -0.4592823456491126,
                42.90938336958603,
                -5.961986721573306,
            ),
            5: (
                24.854864614690072,
                -3.0009227002832186,
                47.4931110020768,
                5.5814197821558125,
                -0.6610691825249471,
            ),
            6: (
                30.91273214028599,
                -3.1208243349937974,
                77.79954646070892,
                34.28646028294783,
                -19.097331116725623,
                -28.087943162872662,
            ),
            7: (
                37.80277123390563,
                -3.2571969029072276,
                112.26918849496327,
                66.9347231244047,
                -40.06618937091002,
                -54.66780262877968,
                -9.48861652309627,
            ),
        },
    )
    interpolation = np.array(
        [
            [
                25.948786856663858,
                -2.5579724845846235,
                10.433815404888879,
                -2.3679251022685204,
                0.524948541321073,
                1.1241088310450404,
                0.4272876194431874,
                -0.17202221070155493,
            ],
            [
                -9.91568850695171,
                -0.9689944594115154,
                3.0438037242978453,
                -24.495224566215796,
                20.176138334709044,
                15.98066361424651,
                -6.789040303419874,
                -6.710236069923372,
            ],
            [
                11.419903575922262,
                2.8879645146136994,
                72.92137995996029,
                80.12511834622643,
                -52.072871366152654,
                -59.78993625266729,
                -0.15582684282751913,
                4.883087185713722,
            ],
        ]
    )
    b = a[7].copy()
    b[7] = 1.0
    return ImplicitTableau(
        name="rosenbrock",
        order=5,
        c=np.array(
            [
                0.0,
                0.6358126895828704,
                0.4095798393397535,
                0.9769306725060716,
                0.4288403609558664,
                1.0,
                1.0,
                1.0,
            ]
        ),
        a=a,
        error=np.eye(8)[-1:],
        dense=_powers(b, interpolation),
        citation="Steinebach (2023), doi:10.1007/s10543-023-00967-x",
        gamma=0.21193756319429014,
        b=b,
        coupling=coupling,
        drift=np.array(
            [
                0.21193756319429014,
                -0.42387512638858027,
                -0.3384627126235924,
                1.8046452872882734,
                2.325825639765069,
                0.0,
                0.0,
                0.0,
            ]
        ),
    )


def _powers(b: FloatArray, interpolation: FloatArray) -> FloatArray:
    """Return the weights by power of x of x b + x (1 - x) (H_1 + x (H_2 + x H_3))."""
    first, second, third = interpolation
    return np.stack([b + first, second - first, third - second, -third], axis=1)


def kencarp5() -> ImplicitTableau:
    """The ESDIRK part of ARK5(4)8L[2]SA, order 5(4), eight stages, stiffly accurate, L-stable.

    Ch. A. Kennedy, M. H. Carpenter, Additive Runge-Kutta schemes for convection-diffusion-reaction
    equations, Applied Numerical Mathematics 44 (2003) 139-181, appendix C. All its nodes lie
    within the step, so no stage sees p(t) beyond a knot. The dense output is :func:`interpolant`'s.
    """
    gamma = 41 / 200
    last = (
        -872700587467 / 9133579230613,
        0.0,
        0.0,
        22348218063261 / 9555858737531,
        -1143369518992 / 8141816002931,
        -39379526789629 / 19018526304540,
        32727382324388 / 42900044865799,
    )
    embedded = (
        -975461918565 / 9796059967033,
        0.0,
        0.0,
        78070527104295 / 32432590147079,
        -548382580838 / 3424219808633,
        -33438840321285 / 15594753105479,
        3629800801594 / 4656183773603,
        4035322873751 / 18575991585200,
    )
    a = _lower(
        8,
        {
            1: (gamma,),
            2: (41 / 400, -567603406766 / 11931857230679),
            3: (683785636431 / 9252920307686, 0.0, -110385047103 / 1367015193373),
            4: (
                3016520224154 / 10081342136671,
                0.0,
                30586259806659 / 12414158314087,
                -22760509404356 / 11113319521817,
            ),
            5: (
                218866479029 / 1489978393911,
                0.0,
                638256894668 / 5436446318841,
                -1179710474555 / 5321154724896,
                -60928119172 / 8023461067671,
            ),
            6: (
                1020004230633 / 5715676835656,
                0.0,
                25762820946817 / 25263940353407,
                -2161375909145 / 9755907335909,
                -211217309593 / 5846859502534,
                -4269925059573 / 7827059040749,
            ),
            7: last,
        },
    )
    full = a + gamma * np.diag([0.0, *([1.0] * 7)])
    return ImplicitTableau(
        name="esdirk",
        order=5,
        c=full.sum(axis=1),
        a=a,
        error=(full[7] - np.array(embedded))[None],
        dense=interpolant(full),
        citation="Kennedy & Carpenter (2003), doi:10.1016/S0168-9274(02)00138-1",
        gamma=gamma,
        b=full[7],
    )


def interpolant(full: FloatArray) -> FloatArray:
    """Return weights ``(stages, 4)`` by power of x of a dense output of order 4.

    The conditions are linear, and the shortest weights that meet them are taken: order 4 at every
    x (five trees, because the stages have order 2; E. Hairer, S. P. Norsett, G. Wanner, Solving
    Ordinary Differential Equations I (1993), II.6), the step's own end and its derivative at x = 1,
    and that for y' = lambda y the output stays bounded as h lambda goes to minus infinity. The
    increments grow like h lambda there: with A = (0 0; a B) by first and later stages and U_1 =
    h lambda y, they tend to -B^-1 a U_1, so the weights have to cancel that at every x.

    Args:
        full: ``(stages, stages)`` coefficients of a stiffly accurate method with an explicit first
            stage, diagonal included.
    """
    stages = len(full)
    c = full.sum(axis=1)
    growth = np.concatenate([[1.0], -np.linalg.solve(full[1:, 1:], full[1:, 0])])
    trees = np.stack([np.ones(stages), c, c**2, c**3, full @ c**2, growth])
    degree = (1, 2, 3, 4, 4, 0)
    goal = (1.0, 1.0 / 2.0, 1.0 / 3.0, 1.0 / 4.0, 1.0 / 12.0, 0.0)
    powers = np.arange(1, 5)
    rows, values = [], []
    for tree, order, value in zip(trees, degree, goal, strict=True):
        for power in powers:
            rows.append(np.outer(tree, powers == power).reshape(-1))
            values.append(value if power == order else 0.0)
    for factors, ends in ((np.ones(4), full[-1]), (powers, np.eye(stages)[-1])):
        for unit, end in zip(np.eye(stages), ends, strict=True):
            rows.append(np.outer(unit, factors).reshape(-1))
            values.append(end)
    weights = np.linalg.lstsq(np.stack(rows), np.array(values), rcond=1e-10)[0]
    return np.asarray(weights.reshape(stages, 4))


IMPLICIT_METHODS: dict[str, Callable[[], ImplicitTableau]] = {
    "rosenbrock": rodas5p,
    "esdirk": kencarp5,
}


@cache
def implicit_tableau(name: str) -> ImplicitTableau:
    """Return the coefficients of one of :data:`IMPLICIT_METHODS`."""
    return IMPLICIT_METHODS[name]()
