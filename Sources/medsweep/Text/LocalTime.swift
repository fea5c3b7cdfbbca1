import Foundation

/// Times as people read them.
enum LocalTime {
    /// `2026-01-02 15:04:05` in the given time zone.
    static func text(_ seconds: Double, zone: TimeZone = .current) -> String {
        Date(timeIntervalSince1970: seconds).formatted(
            Date.ISO8601FormatStyle(timeZone: zone).year().month().day().dateSeparator(.dash)
                .dateTimeSeparator(.space).time(includingFractionalSeconds: false).timeSeparator(.colon))
    }

    /// `12 s ago`; clocks that differ a little give `0 s ago`, not the future.
    static func ago(_ seconds: Double, now: Double) -> String {
        "\(Terminal.duration(max(0, now - seconds).rounded(.down))) ago"
    }
}
