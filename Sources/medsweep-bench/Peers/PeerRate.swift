/// How fast another program gets through work that does nothing, or why that is not known.
struct PeerRate: Codable {
    var name: String
    /// What was measured, in a few words.
    var about: String
    var perSecond: Double?
    /// Why there is no number.
    var problem: String?
}
