"""create_app: the order of the checks, and every Blueprint once."""

from __future__ import annotations

from flask import Flask

from web import (
    alerts_api,
    camera_api,
    defect_api,
    dispatch_api,
    errors,
    files_api,
    fleet_api,
    forecast_api,
    history_api,
    job_picture,
    jobs_api,
    metrics_api,
    mqtt_api,
    older_api,
    older_uploads,
    openapi_api,
    pages,
    printer_feed,
    printer_timelapses_api,
    printers_api,
    profiles_api,
    prusa_connect_api,
    push_api,
    rig_api,
    rig_socket,
    send_api,
    send_keys,
    send_keys_api,
    slicing_api,
    start_api,
    status_api,
    status_body,
    timelapse_api,
    websocket,
)
from web.auth import Auth
from web.guards import Guards, Proxies, content_policy
from web.idempotency import Idempotency
from web.services import EXTENSION, Services
from web.status_body import StatusBody

_MB = 1_000_000
BLUEPRINTS = (
    status_api, printers_api, fleet_api, files_api, start_api, jobs_api, dispatch_api,
    forecast_api, camera_api, older_api, older_uploads, pages, job_picture, send_api,
    send_keys_api, slicing_api, rig_api, profiles_api, history_api, prusa_connect_api,
    timelapse_api, printer_timelapses_api, alerts_api, push_api, mqtt_api, metrics_api, defect_api,
    openapi_api,
)  # fmt: skip


def create_app(services: Services) -> Flask:
    """The WSGI app. Checks run in this order: Host, Origin, sign-in, Idempotency-Key, route."""
    app = Flask(__name__, static_folder=None)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = services.config.limits.upload_mb * _MB + _MB
    app.config["MAX_FORM_PARTS"] = 20
    app.config["MAX_FORM_MEMORY_SIZE"] = 64 * 1024
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = services
    app.extensions[job_picture.EXTENSION] = job_picture.JobPictures()
    pages.pin_types()
    errors.install(app)

    proxies = Proxies(services.config.server.trusted_proxies)
    policy = content_policy(pages.script_hashes(services.static_dir))
    Guards(services.config.server, proxies, policy).install(app)
    config, clock = services.config, services.clock
    keys = send_keys.SendKeys(config.data_dir, config.server.send_keys, clock)
    app.extensions[send_keys.EXTENSION] = keys
    Auth(config, clock, proxies, keys).install(app)
    Idempotency(services.clock).install(app)

    body = StatusBody({"version": services.version, "started": services.started_at})
    app.extensions[status_body.EXTENSION] = body
    app.extensions[pages.EXTENSION] = pages.IndexPage(services.static_dir / "index.html")
    camera_api.install(app)
    metrics_api.install(app, services)
    websocket.install(app, services, body)
    printer_feed.install(app, services)
    rig_socket.install(app, services)
    for module in BLUEPRINTS:
        app.register_blueprint(module.blueprint)
    return app
