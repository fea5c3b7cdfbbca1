import CCurl
import Foundation
import Synchronization

/// One request: a method, a path and what goes out and comes in.
struct Transfer: Sendable {
    enum Body: Sendable {
        case none
        case data(Data)
        case file(URL)
        /// So many bytes of a file from a place on.
        case part(URL, Range<Int64>)
    }

    var method = "GET"
    var url: String
    var body = Body.none
    /// A header of this request alone, e.g. `Name: value`.
    var header: String?
    /// Where the answer's bytes go; `nil`: into memory.
    var destination: URL?
    /// Seconds without any byte moving after which the request is given up.
    var timeout: Double = 30
    /// The most bytes taken into memory.
    var limit = 64 << 20

    /// What came back.
    struct Answer: Sendable {
        let status: Int
        let body: Data
        /// The proxy that it came by.
        var proxy: String?
    }

    /// Why nothing came back.
    struct Failure: Error {
        let reason: String
        /// The request may have reached the server.
        let wasSent: Bool
        /// The server's certificate was refused.
        var isUntrusted = false
    }
}

/// A libcurl handle: one connection that is kept alive between requests. Used by one request at a time.
final class Connection: @unchecked Sendable {
    private static let isReady: Bool = medsweep_curl_global_init() == CURLE_OK

    private let curl: UnsafeMutableRawPointer
    private let headers: UnsafeMutablePointer<curl_slist>?
    private let certificates: URL?
    private let proxies: ProxySettings
    /// Where libcurl writes why a request failed.
    private let message = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(token: String?, certificates: URL?, proxies: ProxySettings) {
        precondition(Connection.isReady, "libcurl cannot be started")
        curl = curl_easy_init()
        self.certificates = certificates
        self.proxies = proxies
        var list = curl_slist_append(nil, "Content-Type: application/json")
        // Without this libcurl waits a second for a server's consent before each larger body.
        list = curl_slist_append(list, "Expect:")
        if let token { list = curl_slist_append(list, "Authorization: Bearer \(token)") }
        headers = list
    }

    deinit {
        curl_easy_cleanup(curl)
        curl_slist_free_all(headers)
        message.deallocate()
    }

    /// What the callbacks of a running request work on.
    private final class Context {
        var received = Data()
        var limit: Int
        var overflowed = false
        var upload: FileHandle?
        /// Bytes of it that are still to be sent.
        var uploadLeft = 0
        var data: Data?
        var offset = 0
        var download: FileHandle?
        var writeError: (any Error)?
        let isCancelled: @Sendable () -> Bool

        init(limit: Int, isCancelled: @escaping @Sendable () -> Bool) {
            self.limit = limit
            self.isCancelled = isCancelled
        }
    }

    /// Performs a request in the calling thread.
    /// - Throws: ``Transfer/Failure`` when no answer came, ``ClientError`` for files of this machine.
    func perform(_ transfer: Transfer, isCancelled: @escaping @Sendable () -> Bool) throws -> Transfer.Answer {
        // Keeps the connection but forgets the last request's options.
        curl_easy_reset(curl)
        let context = Context(limit: transfer.limit, isCancelled: isCancelled)
        let pointer = Unmanaged.passUnretained(context).toOpaque()
        medsweep_curl_set_text(curl, CURLOPT_URL, transfer.url)
        // What libcurl would make of the environment itself is turned off.
        let proxy = URL(string: transfer.url).flatMap { proxies.proxy(for: $0) }
        medsweep_curl_set_text(curl, CURLOPT_PROXY, proxy ?? "")
        medsweep_curl_set_text(curl, CURLOPT_NOPROXY, "")
        medsweep_curl_set_text(curl, CURLOPT_PROTOCOLS_STR, "http,https")
        // One more before the headers of every request, and off again afterwards.
        let own = transfer.header.flatMap { curl_slist_append(nil, $0) }
        own?.pointee.next = headers
        defer {
            own?.pointee.next = nil
            curl_slist_free_all(own)
        }
        medsweep_curl_set_pointer(curl, CURLOPT_HTTPHEADER, own ?? headers)
        medsweep_curl_set_long(curl, CURLOPT_NOSIGNAL, 1)
        medsweep_curl_set_long(curl, CURLOPT_CONNECTTIMEOUT, 10)
        medsweep_curl_set_long(curl, CURLOPT_TCP_KEEPALIVE, 1)
        // A slow upload is no failure; a silent connection is.
        medsweep_curl_set_long(curl, CURLOPT_LOW_SPEED_LIMIT, 1)
        medsweep_curl_set_long(curl, CURLOPT_LOW_SPEED_TIME, Int(transfer.timeout.rounded(.up)))
        medsweep_curl_set_long(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let certificates {
            medsweep_curl_set_text(curl, CURLOPT_CAINFO, certificates.path)
            // Nothing but them: the system's folder is left out too.
            medsweep_curl_set_pointer(curl, CURLOPT_CAPATH, nil)
        }
        message.pointee = 0
        medsweep_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, message)
        try open(transfer, context)
        defer {
            try? context.upload?.close()
            try? context.download?.close()
        }
        medsweep_curl_set_text(curl, CURLOPT_CUSTOMREQUEST, transfer.method)
        medsweep_curl_set_pointer(curl, CURLOPT_READDATA, pointer)
        medsweep_curl_set_transfer(curl, CURLOPT_READFUNCTION, Connection.send)
        medsweep_curl_set_pointer(curl, CURLOPT_WRITEDATA, pointer)
        medsweep_curl_set_transfer(curl, CURLOPT_WRITEFUNCTION, Connection.receive)
        medsweep_curl_set_long(curl, CURLOPT_NOPROGRESS, 0)
        medsweep_curl_set_pointer(curl, CURLOPT_XFERINFODATA, pointer)
        medsweep_curl_set_progress(curl) { pointer, _, _, _, _ in
            Unmanaged<Context>.fromOpaque(pointer!).takeUnretainedValue().isCancelled() ? 1 : 0
        }
        let code = withExtendedLifetime(context) { curl_easy_perform(curl) }
        let shown = proxy.map(ProxySettings.shown)
        guard code == CURLE_OK else { throw failure(code, transfer, context, proxy: shown) }
        return Transfer.Answer(status: medsweep_curl_status(curl), body: context.received, proxy: shown)
    }

    private func failure(_ code: CURLcode, _ transfer: Transfer, _ context: Context, proxy: String?) -> any Error {
        if let error = context.writeError, let destination = transfer.destination {
            let sentence = "cannot write '\(destination.path)': \(error.localizedDescription)"
            return Connection.isDiskFull(error) ? ClientError.diskFull(sentence) : ClientError.file(sentence)
        }
        let isUntrusted = code == CURLE_PEER_FAILED_VERIFICATION
        let reason = if context.overflowed {
            "its answer is larger than \(transfer.limit) bytes"
        } else if message.pointee != 0 {
            String(cString: message)
        } else {
            String(cString: curl_easy_strerror(code))
        }
        let neverSent = [CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_SSL_CONNECT_ERROR].contains(code)
            || isUntrusted
        let way = proxy.map { " (by the proxy \($0) that the environment names; hosts in NO_PROXY are reached without)" } ?? ""
        return Transfer.Failure(reason: reason + way, wasSent: !neverSent, isUntrusted: isUntrusted)
    }

    private static func isDiskFull(_ error: any Error) -> Bool {
        let error = error as NSError
        if error.domain == NSCocoaErrorDomain, error.code == CocoaError.Code.fileWriteOutOfSpace.rawValue { return true }
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        return cause.domain == NSPOSIXErrorDomain && [ENOSPC, EDQUOT].contains(Int32(cause.code))
    }

    private func open(_ transfer: Transfer, _ context: Context) throws {
        var size: Int?
        switch transfer.body {
        case .none: break
        case .data(let data):
            context.data = data
            size = data.count
        case .file(let file):
            guard let handle = FileHandle(forReadingAtPath: file.path), let end = try? handle.seekToEnd() else {
                throw ClientError.file("cannot read '\(file.path)'")
            }
            try handle.seek(toOffset: 0)
            context.upload = handle
            context.uploadLeft = Int(end)
            size = Int(end)
        case .part(let file, let range):
            guard let handle = FileHandle(forReadingAtPath: file.path), (try? handle.seek(toOffset: UInt64(range.lowerBound))) != nil else {
                throw ClientError.file("cannot read '\(file.path)'")
            }
            context.upload = handle
            context.uploadLeft = range.count
            size = range.count
        }
        if let size {
            medsweep_curl_set_long(curl, CURLOPT_UPLOAD, 1)
            medsweep_curl_set_size(curl, CURLOPT_INFILESIZE_LARGE, curl_off_t(size))
        }
        if let destination = transfer.destination {
            guard FileManager.default.createFile(atPath: destination.path, contents: nil),
                let handle = FileHandle(forWritingAtPath: destination.path)
            else {
                throw ClientError.file("cannot write '\(destination.path)'")
            }
            context.download = handle
        }
    }

    private static let send: medsweep_curl_transfer = { bytes, size, count, pointer in
        let context = Unmanaged<Context>.fromOpaque(pointer!).takeUnretainedValue()
        let room = size * count
        if let data = context.data {
            let length = min(room, data.count - context.offset)
            data.copyBytes(to: UnsafeMutableRawBufferPointer(start: bytes, count: room), from: context.offset..<context.offset + length)
            context.offset += length
            return length
        }
        guard let part = try? context.upload?.read(upToCount: min(room, context.uploadLeft)) else { return 0 }
        context.uploadLeft -= part.count
        part.copyBytes(to: UnsafeMutableRawBufferPointer(start: bytes, count: room))
        return part.count
    }

    private static let receive: medsweep_curl_transfer = { bytes, size, count, pointer in
        let context = Unmanaged<Context>.fromOpaque(pointer!).takeUnretainedValue()
        let part = Data(bytes: bytes!, count: size * count)
        if let download = context.download {
            do {
                try download.write(contentsOf: part)
                return part.count
            } catch {
                context.writeError = error
                return 0
            }
        }
        guard context.received.count + part.count <= context.limit else {
            context.overflowed = true
            return 0
        }
        context.received.append(part)
        return part.count
    }
}
