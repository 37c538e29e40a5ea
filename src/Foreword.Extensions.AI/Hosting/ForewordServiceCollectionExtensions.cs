using Foreword.Extensions.AI;
using Foreword.Extensions.AI.Hosting;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection; // where programs find what they can add

/// <summary>Adds models to the services of a program.</summary>
public static class ForewordServiceCollectionExtensions
{
    /// <summary>Adds a model, and an <see cref="IChatClient"/> and an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> that share it.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes the settings.</param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// When the host starts, the settings are checked and the model is opened, which reads no weights. To put a pipeline before the client, add one of
    /// <see cref="ForewordModel.AsIChatClient"/> after this call.
    /// </remarks>
    public static IServiceCollection AddForeword(this IServiceCollection services, Action<ForewordOptions> configure) => Add(services, null, options => options.Configure(configure));

    /// <summary>Adds a model whose settings are a section of the configuration. See <see cref="AddForeword(IServiceCollection, Action{ForewordOptions})"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section. Keys that are no settings are refused when the host starts.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddForeword(this IServiceCollection services, IConfiguration section) => Add(services, null, options => Bind(options, section));

    /// <summary>Adds one of several models. The client, the generator and the model are keyed services. See <see cref="AddForeword(IServiceCollection, Action{ForewordOptions})"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key of the services, which is also the name of the settings.</param>
    /// <param name="configure">Changes the settings.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddKeyedForeword(this IServiceCollection services, string key, Action<ForewordOptions> configure) =>
        Add(services, Checked(key), options => options.Configure(configure));

    /// <summary>Adds one of several models whose settings are a section of the configuration. See <see cref="AddForeword(IServiceCollection, Action{ForewordOptions})"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key of the services, which is also the name of the settings.</param>
    /// <param name="section">The section. Keys that are no settings are refused when the host starts.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddKeyedForeword(this IServiceCollection services, string key, IConfiguration section) =>
        Add(services, Checked(key), options => Bind(options, section));

    private static IServiceCollection Add(IServiceCollection services, string? key, Action<OptionsBuilder<ForewordOptions>> set)
    {
        ArgumentNullException.ThrowIfNull(services);
        set(services.AddOptions<ForewordOptions>(key).ValidateOnStart());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ForewordOptions>, ForewordOptionsValidation>());
        services.AddKeyedSingleton(key, (provider, _) => new ForewordModel(
            provider.GetRequiredService<IOptionsMonitor<ForewordOptions>>().Get(key), provider.GetService<ILogger<ForewordModel>>()));
        services.AddKeyedSingleton(key, (provider, _) => Model(provider, key).AsIChatClient());
        services.AddKeyedSingleton(key, (provider, _) => Model(provider, key).AsIEmbeddingGenerator());
        services.AddSingleton<IHostedService>(provider => new ModelStarter(provider.GetRequiredService<IOptionsMonitor<ForewordOptions>>().Get(key), Model(provider, key)));
        return services;
    }

    private static void Bind(OptionsBuilder<ForewordOptions> options, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        options.Bind(section, binder => binder.ErrorOnUnknownConfiguration = true);
    }

    internal static ForewordModel Model(IServiceProvider services, string? key) => services.GetRequiredKeyedService<ForewordModel>(key);

    private static string Checked(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return key;
    }
}
