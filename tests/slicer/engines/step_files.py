"""A box as STEP, the way a CAD program exports a solid of flat faces."""

from __future__ import annotations

_HEAD = (
    "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
    "FILE_NAME('box','2026-01-01T00:00:00',(''),(''),'','','');\n"
    "FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));\nENDSEC;\nDATA;\n"
)
_FACES = (  # corners, outward direction, a direction in the face
    ((0, 1, 3, 2), (-1, 0, 0), (0, 1, 0)),
    ((4, 6, 7, 5), (1, 0, 0), (0, 1, 0)),
    ((0, 4, 5, 1), (0, -1, 0), (1, 0, 0)),
    ((2, 3, 7, 6), (0, 1, 0), (1, 0, 0)),
    ((0, 2, 6, 4), (0, 0, -1), (1, 0, 0)),
    ((1, 5, 7, 3), (0, 0, 1), (1, 0, 0)),
)


class _Entities:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, text: str) -> str:
        self.lines.append(f"#{len(self.lines) + 1}={text};")
        return f"#{len(self.lines)}"

    def direction(self, vector: tuple[int, int, int]) -> str:
        return self(f"DIRECTION('',({','.join(f'{part}.' for part in vector)}))")


def step_box(x: float, y: float, z: float) -> str:
    """With its corner at the origin, in mm."""
    add = _Entities()
    points = [
        add(f"CARTESIAN_POINT('',({float(i * x)},{float(j * y)},{float(k * z)}))")
        for i in (0, 1) for j in (0, 1) for k in (0, 1)
    ]  # fmt: skip
    faces = []
    for corners, outward, along in _FACES:
        loop = add(f"POLY_LOOP('',({','.join(points[corner] for corner in corners)}))")
        bound = add(f"FACE_OUTER_BOUND('',{loop},.T.)")
        axes = f"{points[corners[0]]},{add.direction(outward)},{add.direction(along)}"
        place = add(f"AXIS2_PLACEMENT_3D('',{axes})")
        plane = add(f"PLANE('',{place})")
        faces.append(add(f"FACE_SURFACE('',({bound}),{plane},.T.)"))
    shell = add(f"CLOSED_SHELL('',({','.join(faces)}))")
    _add_part(add, points[0], add(f"FACETED_BREP('',{shell})"))
    return _HEAD + "\n".join(add.lines) + "\nENDSEC;\nEND-ISO-10303-21;\n"


def _add_part(add: _Entities, origin: str, solid: str) -> None:
    """What a STEP file needs around its solid: units, and the part it is."""
    length = add("(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.))")
    angle = add("(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.))")
    solid_angle = add("(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT())")
    exact = add(f"UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE(1.E-4),{length},'d','')")
    space = add(
        "(GEOMETRIC_REPRESENTATION_CONTEXT(3)"
        f"GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT(({exact}))"
        f"GLOBAL_UNIT_ASSIGNED_CONTEXT(({length},{angle},{solid_angle}))"
        "REPRESENTATION_CONTEXT('',''))"
    )
    up, right = add.direction((0, 0, 1)), add.direction((1, 0, 0))
    place = add(f"AXIS2_PLACEMENT_3D('',{origin},{up},{right})")
    shape = add(f"FACETED_BREP_SHAPE_REPRESENTATION('',({place},{solid}),{space})")
    field = add("APPLICATION_CONTEXT('automotive design')")
    context = add(f"PRODUCT_CONTEXT('',{field},'mechanical')")
    product = add(f"PRODUCT('box','box','',({context}))")
    version = add(f"PRODUCT_DEFINITION_FORMATION('','',{product})")
    stage = add(f"PRODUCT_DEFINITION_CONTEXT('part definition',{field},'design')")
    definition = add(f"PRODUCT_DEFINITION('design','',{version},{stage})")
    defined = add(f"PRODUCT_DEFINITION_SHAPE('','',{definition})")
    add(f"SHAPE_DEFINITION_REPRESENTATION({defined},{shape})")
