using System.Net.Sockets;
using System.Security.Cryptography;
using Foreword.Server.Documentation;
using Foreword.Server.Endpoints;
using Foreword.Server.Hosting;
using Foreword.Server.Page;
using Foreword.Server.Responses;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Foreword.Server;

/// <summary>Serves models over HTTP with the API of OpenAI, on the plain C# engine.</summary>
public sealed class ForewordServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ModelHost _models;
    private readonly ServerMetrics _metrics;
    private readonly ServerOptions _options;
    private readonly ApiKeys _keys;

    private ForewordServer(WebApplication application, ModelHost models, ServerOptions options)
    {
        (_application, _models, _options) = (application, models, options);
        _metrics = new ServerMetrics(models);
        _keys = new ApiKeys(options.ApiKeys);
    }

    /// <summary>Opens the models and prepares a server that does not listen yet. Meanwhile the models begin to load in the background.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="logging">Adds a place for the server's messages; null for none.</param>
    /// <exception cref="ArgumentException">There is no model, two have one name, or an address is not valid.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no model at a path.</exception>
    /// <exception cref="InvalidDataException">A path holds no model, or a file is broken.</exception>
    public static ForewordServer Create(ServerOptions options, Action<ILoggingBuilder>? logging = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ModelHost models = new(options);
        try
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            logging?.Invoke(builder.Logging);
            builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true); // no handler blocks, and every change of thread takes a processor from the engine
            builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.Limits.MaxRequestBodySize = options.MaxBodySize;
            });
            builder.WebHost.UseUrls(options.Urls);
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Drain);
            builder.Services.AddRoutingCore();
            builder.Services.AddCors();
            ApiDescription.Add(builder.Services, options.ApiKeys.Count > 0);
            AnswerCompression.Add(builder.Services);
            if (options.RateLimit > 0)
                RequestRate.Add(builder.Services, options.RateLimit, IsFree);
            OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("foreword")).WithMetrics(
                metrics => metrics.AddMeter(ServerMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel").AddPrometheusExporter());
            if (Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 })
                telemetry.UseOtlpExporter(); // sends to the address that the variable names
            WebApplication application = builder.Build();
            ForewordServer server = new(application, models, options);
            server.Map();
            models.WaitForEncoders();
            return server;
        }
        catch
        {
            models.Dispose();
            throw;
        }
    }

    /// <summary>Gets the addresses that the server listens on, after <see cref="StartAsync"/>.</summary>
    public IReadOnlyCollection<string> Addresses => [.. _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? []];

    /// <summary>Gets the loaded models, after <see cref="StartAsync"/>.</summary>
    public IReadOnlyList<ServedModelStatus> Models => [.. _models.Models.Where(model => model.IsLoaded)
        .Select(model => new ServedModelStatus(model.Name, model.Stored.Config.ParameterCount, model.Format!, model.WeightBytes, model.Stored.FineTunedFor))];

    /// <summary>Listens, and waits until the models are loaded. Until then, requests are answered with status 503.</summary>
    /// <param name="cancellationToken">Cancels the loading between two tensors.</param>
    /// <exception cref="IOException">An address is in use or not allowed, or its certificate cannot be read. The message names the address.</exception>
    /// <exception cref="InvalidDataException">A file is broken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or SocketException or InvalidOperationException or CryptographicException or UnauthorizedAccessException)
        {
            throw ListeningProblem.Of(problem, _options.Urls);
        }

        await _models.LoadedAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops listening, and gives running requests <see cref="ServerOptions.Drain"/> to finish.</summary>
    public Task StopAsync() => _application.StopAsync(CancellationToken.None);

    /// <summary>Frees the models.</summary>
    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync().ConfigureAwait(false);
        _metrics.Dispose();
        _models.Dispose();
    }

    private void Map()
    {
        _application.UseResponseCompression();
        _application.Use(AnswerProblemsAsync);
        if (_options.Origins.Count > 0)
        {
            _application.UseCors(cors =>
            {
                _ = _options.Origins.Contains("*") ? cors.AllowAnyOrigin() : cors.WithOrigins([.. _options.Origins]);
                cors.AllowAnyHeader().WithMethods("GET", "POST");
            });
        }

        _application.Use(CheckKeyAsync);
        if (_options.RateLimit > 0)
            _application.UseRateLimiter();
        _application.Use((HttpContext context, RequestDelegate next) => RequestTime.LimitAsync(context, next, _options.Timeout));
        _application.UseRouting();
        EndpointMap.Map(_application, _models, _metrics, _options.Runs);
        ApiDescription.Map(_application);
        PageFiles.Map(_application);
    }

    /// <summary>Answers every problem in OpenAI's form, also an unknown path and a wrong method.</summary>
    private async Task AnswerProblemsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context).ConfigureAwait(false);
            if (context.Response is { HasStarted: false, StatusCode: 404 })
                throw new ApiException(404, $"there is no {context.Request.Path}; the API begins with /v1");
            if (context.Response is { HasStarted: false, StatusCode: 405 })
                throw new ApiException(405, $"{context.Request.Path} does not take {context.Request.Method}");
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // the client is gone
        }
        catch (Exception problem) when (!context.Response.HasStarted)
        {
            ApiException told = ApiErrors.Tell(context, problem);
            context.Response.Clear();
            await JsonText.SendAsync(context, told).ConfigureAwait(false);
        }
    }

    /// <summary>Checks the key. Health, readiness, the page and the description of the API need none.</summary>
    private Task CheckKeyAsync(HttpContext context, RequestDelegate next)
    {
        if (_options.ApiKeys.Count == 0 || IsFree(context.Request.Path) || HttpMethods.IsOptions(context.Request.Method))
            return next(context);
        _keys.Check(context);
        return next(context);
    }

    private static bool IsFree(PathString path) => path == "/health" || path == "/ready" || PageFiles.Has(path) || ApiDescription.Has(path);
}
