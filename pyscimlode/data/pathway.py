"""The kinetic model of the heterologous limonene pathway: rate laws, parameters, enzymes.

Rate laws: Weaver et al., Biotechnol. Bioeng. 112 (2015) 111-119, extended to limonene by
Costello & Garcia Martin, npj Syst. Biol. Appl. 4:19 (2018), who also introduced the enzyme
courses. States in mM, enzymes in counts, time in hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import FloatArray
from pyscimlode.errors import DataError, did_you_mean

STATE_NAMES = (
    "Acetyl-CoA",
    "Acetoacetyl-CoA",
    "HMG-CoA",
    "Mevalonate",
    "Mev-P",
    "Mev-PP",
    "IPP",
    "DMAPP",
    "GPP",
    "Limonene",
)
"""The ten states, in the order A, B, C, M, P, Q, I, D, G, L of the rate laws."""

ENZYME_NAMES = ("AtoB", "HMGS", "HMGR", "MK", "PMK", "PMD", "Idi", "GPPS", "LS")
"""The nine enzymes, the controls of the pathway."""

INITIAL_STATE: tuple[float, ...] = (0.2,) * 9 + (0.0,)
"""mM at time 0: 0.2 of every intermediate, no limonene."""

_SMALLEST = 1e-300


@dataclass(frozen=True)
class PathwayParameters:
    """Kinetic constants of the ten fluxes, named after flux and place in the rate law.

    ``Vin`` is the inflow of acetyl-CoA in mM/h; ``kj1`` is the turnover of flux j per enzyme
    count; the others are the saturation and inhibition constants of the same flux.
    """

    k11: float
    k12: float
    k13: float
    k21: float
    k22: float
    k23: float
    k24: float
    k31: float
    k32: float
    k33: float
    k34: float
    k35: float
    k41: float
    k42: float
    k43: float
    k44: float
    k45: float
    k51: float
    k52: float
    k61: float
    k62: float
    k63: float
    k64: float
    k65: float
    k71: float
    k72: float
    k81: float
    k82: float
    k83: float
    k84: float
    k91: float
    k92: float
    Vin: float
    ks: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (np.isfinite(value) and value >= 0):
                raise DataError(
                    f"Pathway parameter {field.name} is {value!r}; it must be finite and >= 0."
                )


# fmt: off
_LIVE = PathwayParameters(
    k11=2.4e-8, k12=0.35, k13=1.0,
    k21=2.4e-8, k22=0.05, k23=0.05, k24=1.0,
    k31=3.2e-8, k32=0.1, k33=0.1, k34=1.0, k35=0.15,
    k41=2.8e-8, k42=0.5, k43=0.3, k44=1.0, k45=0.2,
    k51=3.6e-8, k52=0.25,
    k61=2.8e-8, k62=0.2, k63=0.2, k64=1.0, k65=0.2,
    k71=3.2e-8, k72=0.3,
    k81=3.6e-8, k82=0.05, k83=0.2, k84=0.2,
    k91=2.8e-8, k92=0.15,
    Vin=0.07, ks=1.0,
)

_PUBLISHED = PathwayParameters(
    k11=9.10164553, k12=6.22712687e10, k13=3.48900983e10,
    k21=1e-15, k22=7.79957193e10, k23=1.38167796e10, k24=3.82274024e10,
    k31=113.356214, k32=7.08269701e10, k33=1.08286863e9, k34=8.77162801e10, k35=9.89656151e10,
    k41=42.7751831, k42=8.31111348e10, k43=2.35091924e10, k44=5.52946044e10, k45=3.01340892e10,
    k51=99.9481504, k52=7.05000326e10,
    k61=643.935536, k62=7.62298906e10, k63=6.92298699e10, k64=6.19011023e10, k65=3.59345149e9,
    k71=1e-15, k72=6.5299728e10,
    k81=1e-15, k82=4.79123492e10, k83=4.86855244e10, k84=3.91360022e10,
    k91=43.4574168, k92=8.29922969e10,
    Vin=2.10759084e-3, ks=1e-15,
)

_PUBLISHED_STIFF = PathwayParameters(
    k11=75.1679468, k12=6.65986265e8, k13=9.96515901e8,
    k21=165.236177, k22=2.87429118e8, k23=4.59767573e8, k24=1.00320436e8,
    k31=4557248.75, k32=6325065.39, k33=7.12783803e8, k34=9.60680172e7, k35=4.13852542e8,
    k41=318332.988, k42=5.52989871e8, k43=2.47237593e8, k44=7.17889114e8, k45=7.50755996e8,
    k51=10.0, k52=6.48850195e8,
    k61=14.2191830, k62=3.33891377e8, k63=5.85448828e8, k64=4.55254785e8, k65=1.01295189e8,
    k71=2.76330022e8, k72=6.90161521e8,
    k81=498.233858, k82=8.63101820e7, k83=9.65536186e8, k84=8.07997571e8,
    k91=1.06576294e-4, k92=6.27655014e8,
    Vin=0.22812061, ks=291.790555,
)
# fmt: on

PARAMETER_SETS: dict[str, PathwayParameters] = {
    "live": _LIVE,
    "live-stiff": replace(_LIVE, k31=_LIVE.k31 * 30, k51=_LIVE.k51 * 30, k71=_LIVE.k71 * 30),
    "published": _PUBLISHED,
    "published-stiff": _PUBLISHED_STIFF,
}
"""``live``: every enzyme carries flux (the default). ``live-stiff``: three steps 30 times faster.
``published``: the degenerate constants of the published simulation (HMGS, Idi and GPPS carry no
flux). ``published-stiff``: a published fit with eigenvalues up to 1e6 per hour."""


def parameter_set(parameters: str | PathwayParameters) -> PathwayParameters:
    """Return the parameter set of this name, or the given parameters themselves.

    Raises:
        DataError: for an unknown name.
    """
    if isinstance(parameters, PathwayParameters):
        return parameters
    if parameters in PARAMETER_SETS:
        return PARAMETER_SETS[parameters]
    raise DataError(
        f"There is no pathway parameter set {parameters!r}; there are "
        f"{', '.join(PARAMETER_SETS)}." + did_you_mean(str(parameters), PARAMETER_SETS)
    )


STOICHIOMETRY: FloatArray = np.zeros((10, 10))
"""``(states, fluxes)``. As published, v1 books acetyl-CoA and acetoacetyl-CoA 1:1, so carbon is
not conserved."""
for _flux, _state, _sign in (
    *((j, j - 1, -1.0) for j in range(1, 10)),
    *((j, j, 1.0) for j in range(10)),
    (2, 0, -1.0),
    (8, 6, -1.0),
):
    STOICHIOMETRY[_state, _flux] = _sign
STOICHIOMETRY.flags.writeable = False


def fluxes(z: Sequence[Any], enzymes: Sequence[Any], k: PathwayParameters) -> tuple[Any, ...]:
    """Return the ten fluxes v0 to v9 in mM/h.

    Arithmetic alone, so the entries of ``z`` (10 states) and ``enzymes`` (9 enzymes) may be
    floats or arrays of any common shape. v2 is 0/0 without acetyl-CoA and acetoacetyl-CoA;
    its limit there, zero, is returned.
    """
    a, b, c, m, p, q, i, d, g, _ = z
    ab = a * b
    v1 = k.k11 * enzymes[0] * a / (k.k12 + k.k13 * a)
    v2 = k.ks * k.k21 * enzymes[1] * ab / (k.k22 * b + k.k23 * a + k.k24 * ab + _SMALLEST)
    v3 = k.k31 * enzymes[2] * c / (k.k32 * a + k.k33 * b + k.k34 * c + k.k35)
    v4 = k.k41 * enzymes[3] * m / (k.k42 * g + k.k43 * p + k.k44 * m + k.k45)
    v5 = k.k51 * enzymes[4] * p / (k.k52 + p)
    v6 = k.k61 * enzymes[5] * q / (k.k62 * p + k.k63 * m + k.k64 * q + k.k65)
    v7 = k.k71 * enzymes[6] * i / (k.k72 + i)
    v8 = k.k81 * enzymes[7] * i * d / (k.k82 + k.k83 * i + k.k84 * d + i * d)
    v9 = k.k91 * enzymes[8] * g / (k.k92 + g)
    return k.Vin + 0.0 * a, v1, v2, v3, v4, v5, v6, v7, v8, v9


def derivatives(z: Sequence[Any], enzymes: Sequence[Any], k: PathwayParameters) -> tuple[Any, ...]:
    """Return dz/dt in mM/h of the ten states; floats or arrays, as :func:`fluxes`."""
    v0, v1, v2, v3, v4, v5, v6, v7, v8, v9 = fluxes(z, enzymes, k)
    return (
        v0 - v1 - v2,
        v1 - v2,
        v2 - v3,
        v3 - v4,
        v4 - v5,
        v5 - v6,
        v6 - v7 - v8,
        v7 - v8,
        v8 - v9,
        v9,
    )


def jacobian(z: npt.ArrayLike, enzymes: npt.ArrayLike, k: PathwayParameters) -> FloatArray:
    """Return d(dz/dt)/dz per hour, ``(states, states)``, at one state and one set of enzymes."""
    a, b, c, m, p, q, i, d, g, _ = np.asarray(z, dtype=np.float64).tolist()
    e = np.asarray(enzymes, dtype=np.float64).tolist()
    dv = np.zeros((10, 10))
    dv[1, 0] = k.k11 * e[0] * k.k12 / (k.k12 + k.k13 * a) ** 2
    factor, below = k.ks * k.k21 * e[1], k.k22 * b + k.k23 * a + k.k24 * a * b
    if below != 0.0:
        dv[2, 0] = factor * k.k22 * (b / below) ** 2
        dv[2, 1] = factor * k.k23 * (a / below) ** 2
    factor, below = k.k31 * e[2], k.k32 * a + k.k33 * b + k.k34 * c + k.k35
    dv[3, [0, 1, 2]] = np.array([-k.k32 * c, -k.k33 * c, below - k.k34 * c]) * factor / below**2
    factor, below = k.k41 * e[3], k.k42 * g + k.k43 * p + k.k44 * m + k.k45
    dv[4, [8, 4, 3]] = np.array([-k.k42 * m, -k.k43 * m, below - k.k44 * m]) * factor / below**2
    dv[5, 4] = k.k51 * e[4] * k.k52 / (k.k52 + p) ** 2
    factor, below = k.k61 * e[5], k.k62 * p + k.k63 * m + k.k64 * q + k.k65
    dv[6, [4, 3, 5]] = np.array([-k.k62 * q, -k.k63 * q, below - k.k64 * q]) * factor / below**2
    dv[7, 6] = k.k71 * e[6] * k.k72 / (k.k72 + i) ** 2
    factor, below = k.k81 * e[7], k.k82 + k.k83 * i + k.k84 * d + i * d
    dv[8, 6] = factor * d * (k.k82 + k.k84 * d) / below**2
    dv[8, 7] = factor * i * (k.k82 + k.k83 * i) / below**2
    dv[9, 8] = k.k91 * e[8] * k.k92 / (k.k92 + g) ** 2
    product: FloatArray = STOICHIOMETRY @ dv
    return product


@dataclass(frozen=True, eq=False)
class EnzymeCourses:
    """Enzyme counts over time, E(t) = kf t / (km + t) + kl, of several strains.

    Attributes:
        kf: ``(strains, enzymes)``, counts reached at long times.
        km: ``(strains, enzymes)``, hours to half of it.
        kl: ``(strains, enzymes)``, leak, counts at time 0.
    """

    kf: FloatArray
    km: FloatArray
    kl: FloatArray

    @classmethod
    def draw(cls, n: int, rng: np.random.Generator) -> EnzymeCourses:
        """Draw ``n`` strains; per strain first all kf, then all km, then all kl.

        kf ~ U(1e6, 1e7) counts, km ~ U(0.1, 1) h, kl ~ U(1e-10, 10) counts
        (Costello & Garcia Martin 2018).
        """
        ranges = ((1e6, 1e7), (0.1, 1.0), (1e-10, 10.0))
        drawn = np.array(
            [[rng.uniform(low, high, len(ENZYME_NAMES)) for low, high in ranges] for _ in range(n)]
        ).reshape(n, 3, len(ENZYME_NAMES))
        return cls(drawn[:, 0], drawn[:, 1], drawn[:, 2])

    def __len__(self) -> int:
        return len(self.kf)

    def at(self, strain: int, times: npt.ArrayLike) -> FloatArray:
        """Return the counts of one strain at these hours, ``(times, enzymes)``."""
        t = np.asarray(times, dtype=np.float64)[:, None]
        counts: FloatArray = self.kf[strain] * t / (self.km[strain] + t) + self.kl[strain]
        return counts
