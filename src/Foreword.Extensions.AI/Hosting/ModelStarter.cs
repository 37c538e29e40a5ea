using Microsoft.Extensions.Hosting;

namespace Foreword.Extensions.AI.Hosting;

/// <summary>Begins to load a model when the host starts, if its settings say so.</summary>
internal sealed class ModelStarter(ForewordOptions options, ForewordModel model) : IHostedService
{
    /// <inheritdoc/>
    /// <remarks>The host does not wait. A problem is seen by the first request and by the health check.</remarks>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.LoadOnStart)
            _ = model.LoadedAsync(CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
