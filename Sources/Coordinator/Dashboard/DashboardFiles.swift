import Hummingbird
import NIOCore

/// The dashboard's files, which are part of the program.
enum DashboardFiles {
    static let page = file(PackageResources.index_html, "text/html; charset=utf-8")

    /// By name, under ``folder``.
    static let all: [String: Response] = [
        "style.css": file(PackageResources.style_css, "text/css; charset=utf-8"),
        "icon.svg": file(PackageResources.icon_svg, "image/svg+xml"),
        "app.js": script(PackageResources.app_js),
        "dom.js": script(PackageResources.dom_js),
        "live.js": script(PackageResources.live_js),
        "sweeps.js": script(PackageResources.sweeps_js),
        "sweep.js": script(PackageResources.sweep_js),
        "grid.js": script(PackageResources.grid_js),
        "job.js": script(PackageResources.job_js),
        "workers.js": script(PackageResources.workers_js),
        "events.js": script(PackageResources.events_js),
    ]

    static let folder = "/dashboard/"

    private static func script(_ bytes: [UInt8]) -> Response { file(bytes, "text/javascript; charset=utf-8") }

    /// Nothing from elsewhere, nothing inline, in nobody's frame.
    private static func file(_ bytes: [UInt8], _ type: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: type, .contentLength: String(bytes.count), .cacheControl: "no-cache",
                .contentSecurityPolicy: """
                    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                    form-action 'self'; base-uri 'none'; frame-ancestors 'none'
                    """,
                .xContentTypeOptions: "nosniff", .init("Referrer-Policy")!: "no-referrer",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
