import Foundation
import Wire

/// Events in words.
enum EventText {
    /// `2026-01-02 15:04:05  host-4711            leased  job 0123456789ab of demo`
    static func line(_ event: Event, zone: TimeZone = .current) -> String {
        var parts = [LocalTime.text(event.at, zone: zone), TextColumns.pad(event.who.oneLine, to: 20), event.what.oneLine]
        switch (event.job, event.sweep?.oneLine) {
        case (let job?, let sweep?): parts.append("job \(JobReference.short(job)) of \(sweep)")
        case (let job?, nil): parts.append("job \(JobReference.short(job))")
        case (nil, let sweep?): parts.append("sweep \(sweep)")
        case (nil, nil): break
        }
        return parts.joined(separator: "  ")
    }
}
