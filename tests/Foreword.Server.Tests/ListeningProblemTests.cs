using System.Net.Sockets;
using System.Security.Cryptography;
using Foreword.Server.Hosting;

namespace Foreword.Server.Tests;

/// <summary>Tests the sentences about addresses that a server cannot listen on.</summary>
public sealed class ListeningProblemTests
{
    private const string Urls = "http://127.0.0.1:8080; https://127.0.0.1:8443";

    [Theory]
    [InlineData(SocketError.AddressAlreadyInUse, "the server cannot listen on http://127.0.0.1:8080: the port is in use; choose another one")]
    [InlineData(SocketError.AccessDenied, "the server cannot listen on http://127.0.0.1:8080: this user may not use the port; choose one from 1024 on")]
    public void TheAddressIsNamed(SocketError error, string expected) =>
        Assert.Equal(expected, ListeningProblem.Of(new IOException("Failed to bind to address http://127.0.0.1:8080.", new SocketException((int)error)), Urls).Message);

    [Fact]
    public void AllAddressesAreNamedWhereItIsNotKnownWhich() => Assert.Equal(
        "the server cannot listen on http://127.0.0.1:8080 or https://127.0.0.1:8443: this machine has no such address",
        ListeningProblem.Of(new SocketException((int)SocketError.AddressNotAvailable), Urls).Message);

    [Fact]
    public void AMissingCertificateIsNamed()
    {
        const string Expected = "https://127.0.0.1:8443 needs a certificate, and none can be read; ASPNETCORE_Kestrel__Certificates__Default__Path names its file";
        Assert.Equal(Expected, ListeningProblem.Of(new InvalidOperationException("Unable to configure HTTPS endpoint."), Urls).Message);
        Assert.Equal(Expected, ListeningProblem.Of(new CryptographicException("bad password"), Urls).Message);
    }
}
