"""Any model as one array of triangles. Only for child processes: numpy and trimesh are heavy."""

from __future__ import annotations

from pathlib import Path

import numpy
import trimesh
from numpy.typing import NDArray

Triangles = NDArray[numpy.float32]
"""(n, 3, 3): corners of n triangles in mm."""


def load(path: Path, kind: str) -> Triangles:
    """Every triangle of the file where it will stand. Raises whatever trimesh does on damage."""
    loaded = trimesh.load(str(path), file_type=kind, process=False)
    meshes = loaded.dump() if isinstance(loaded, trimesh.Scene) else [loaded]
    found = [mesh.triangles for mesh in meshes if isinstance(mesh, trimesh.Trimesh)]
    if not found:
        return numpy.zeros((0, 3, 3), numpy.float32)
    return numpy.concatenate(found).astype(numpy.float32)


def judge(triangles: Triangles) -> dict[str, object]:
    """{"size_mm", "triangles"}, or {"refused": code of slicer.mesh.check}."""
    if not len(triangles):
        return {"refused": "model_empty"}
    corners = triangles.reshape(-1, 3)
    if not numpy.isfinite(corners).all() or numpy.abs(corners).max() > 1e6:
        return {"refused": "model_nonsense"}
    size = corners.max(axis=0) - corners.min(axis=0)
    if size.max() < 0.1:
        return {"refused": "model_tiny"}
    if size.min() < 1e-4:
        return {"refused": "model_flat"}
    if size.max() > 10_000:
        return {"refused": "model_huge"}
    return {"size_mm": [round(float(side), 3) for side in size], "triangles": len(triangles)}
