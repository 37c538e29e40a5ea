using System.Net.Sockets;

namespace Foreword.Server.Hosting;

/// <summary>Says in one sentence why a server cannot listen.</summary>
internal static class ListeningProblem
{
    private const string Certificate = "ASPNETCORE_Kestrel__Certificates__Default__Path";

    /// <summary>Returns the exception that replaces one of Kestrel or of the system.</summary>
    /// <param name="problem">The exception.</param>
    /// <param name="urls">The addresses, separated by semicolons.</param>
    public static IOException Of(Exception problem, string urls)
    {
        string[] addresses = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        SocketError? socket = SocketErrorOf(problem);
        if (socket is null && Array.FindAll(addresses, address => address.StartsWith("https:", StringComparison.OrdinalIgnoreCase)) is { Length: > 0 } secure)
            return new IOException($"{secure[0]} needs a certificate, and none can be read; {Certificate} names its file", problem);

        // Kestrel names the address only if another program uses it.
        string[] named = Array.FindAll(addresses, address => problem.Message.Contains(address.TrimEnd('/'), StringComparison.OrdinalIgnoreCase));
        string where = string.Join(" or ", named.Length > 0 ? named.Distinct() : addresses);
        return new IOException($"the server cannot listen on {where}: {Reason(socket)}", problem);
    }

    private static string Reason(SocketError? problem) => problem switch
    {
        SocketError.AddressAlreadyInUse => "the port is in use; choose another one",
        SocketError.AddressNotAvailable => "this machine has no such address",
        SocketError.AccessDenied => "this user may not use the port; choose one from 1024 on",
        _ => "the system refuses it",
    };

    private static SocketError? SocketErrorOf(Exception problem)
    {
        for (Exception? inner = problem; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException socket)
                return socket.SocketErrorCode;
        }

        return null;
    }
}
