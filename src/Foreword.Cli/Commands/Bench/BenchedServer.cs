using Foreword.Chat;
using Foreword.Cpu;
using Foreword.Server;

namespace Foreword.Cli.Commands.Bench;

/// <summary>The server that a benchmark loads: one that runs already, or one that is started in this process.</summary>
/// <param name="Url">The address of a server that runs; null to start one.</param>
/// <param name="Model">The name of the model at that server (null for the first), or the model to serve.</param>
/// <param name="Engine">The engine of a server that is started.</param>
/// <param name="Key">The API key of a server that runs; null for none.</param>
/// <param name="Clients">The largest number of requests at a time.</param>
internal sealed record BenchedServer(string? Url, string? Model, CpuEngine Engine, string? Key, int Clients)
{
    /// <summary>The largest number of prompts in a request of the benchmarks. Each waits in the queue by itself.</summary>
    private const int MostPrompts = 4;

    /// <summary>Gets whether the server runs in this process.</summary>
    public bool IsOwn => Url is null;

    /// <summary>Connects to the server, which is started first if it must be.</summary>
    /// <exception cref="InvalidDataException">The server does not answer, or lists no model.</exception>
    public async Task<BenchedConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        if (Url is not null)
            return new BenchedConnection(null, await LoadGenerator.ConnectAsync(Url, Key, Model).ConfigureAwait(false));
        ServedModelOptions served = new() { Path = Model!, Name = "measured", Engine = Engine, Template = ChatTemplate.Plain };
        ForewordServer server = ForewordServer.Create(new ServerOptions { Models = [served], Urls = "http://127.0.0.1:0", MaxQueue = MostPrompts * Clients });
        try
        {
            await server.StartAsync(cancellationToken).ConfigureAwait(false);
            return new BenchedConnection(server, await LoadGenerator.ConnectAsync(server.Addresses.First(), null, null).ConfigureAwait(false));
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}

/// <summary>A connection to a server, which ends with it if it runs in this process.</summary>
/// <param name="server">The server; null if it runs elsewhere.</param>
/// <param name="generator">Sends requests.</param>
internal sealed class BenchedConnection(ForewordServer? server, LoadGenerator generator) : IAsyncDisposable
{
    public LoadGenerator Generator => generator;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        generator.Dispose();
        if (server is null)
            return;
        await server.StopAsync().ConfigureAwait(false);
        await server.DisposeAsync().ConfigureAwait(false);
    }
}
