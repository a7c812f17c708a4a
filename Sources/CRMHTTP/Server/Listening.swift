public import CRM
import Foundation
import NIOCore
public import ServiceLifecycle

/// A server at an address of the settings, which says what to do where it cannot listen there.
public struct Listening: Service {
    /// Which of the addresses it is.
    public enum Place: Sendable { case api, monitoring }

    private let server: any Service
    private let place: Place
    private let host: String
    private let port: Int

    public init(_ server: any Service, _ place: Place, _ settings: Settings) {
        self.server = server
        self.place = place
        host = place == .api ? settings.host : settings.monitoringHost
        port = place == .api ? settings.port : settings.monitoringPort ?? 0
    }

    /// - Throws: ``ListeningError``, and what the server throws.
    public func run() async throws {
        do {
            try await server.run()
        } catch let error as IOError {
            guard let why = reason(of: error.errnoCode) else { throw error }
            throw ListeningError(description: why)
        }
    }

    private func reason(of number: Int32) -> String? {
        let isMonitoring = place == .monitoring
        let another = isMonitoring ? "--monitoring-port or MEHVAR_MONITORING_PORT" : "--port or MEHVAR_PORT"
        return switch number {
        case EADDRINUSE:
            "port \(port) of \(host) is taken: end what listens there, or name another port with \(another)"
        case EACCES: "port \(port) of \(host) is not for this user: name one above 1023 with \(another)"
        case EADDRNOTAVAIL:
            "\(host) is no address of this machine: name one with "
                + (isMonitoring ? "--monitoring-host or MEHVAR_MONITORING_HOST" : "--host or MEHVAR_HOST")
        default: nil
        }
    }
}

/// A server cannot listen where it should.
public struct ListeningError: Error, CustomStringConvertible {
    public let description: String
}
