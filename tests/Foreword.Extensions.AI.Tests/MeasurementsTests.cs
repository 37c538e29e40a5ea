using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;

namespace Foreword.Extensions.AI.Tests;

/// <summary>Tests the instruments.</summary>
public sealed class MeasurementsTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RequestsTokensAndMemoryAreMeasured()
    {
        using ForewordModel model = fixture.Create(options => options.Name = "measured");
        Dictionary<string, List<(double Value, string? Error)>> found = [];
        using MeterListener listener = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == ForewordModel.TelemetryName)
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
        IChatClient client = model.AsIChatClient();
        ChatResponse response = await client.GetStreamingResponseAsync("the cat", new ChatOptions { MaxOutputTokens = 10, Seed = 1 }, Ended).ToChatResponseAsync(Ended);
        await model.AsIEmbeddingGenerator().GenerateAsync(["a"], cancellationToken: Ended);
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetResponseAsync("a", new ChatOptions { TopP = 2 }, Ended));
        listener.RecordObservableInstruments();
        int written = (int)response.Usage!.OutputTokenCount!;
        Assert.Single(found["gen_ai.server.time_to_first_token"]);
        Assert.Equal(written - 1, found["gen_ai.server.time_per_output_token"].Count);
        Assert.Equal([null, null, "System.ArgumentException"], found["gen_ai.server.request.duration"].Select(one => one.Error));
        Assert.True(found["foreword.tokens.read"][0].Value >= response.Usage.InputTokenCount);
        Assert.InRange(found["foreword.tokens.generated"][0].Value, written - 1, written);
        Assert.True(found["foreword.weights.memory"][0].Value > 0);
        Assert.Equal([0, 0], ((string[])["foreword.sequences.running", "foreword.requests.waiting"]).Select(name => found[name][0].Value));

        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string? model = null, error = null;
            foreach ((string name, object? tag) in tags)
            {
                model = name == "gen_ai.request.model" ? (string?)tag : model;
                error = name == "error.type" ? (string?)tag : error;
            }

            if (model != "measured")
                return;
            lock (found)
            {
                if (!found.TryGetValue(instrument.Name, out List<(double, string?)>? values))
                    found[instrument.Name] = values = [];
                values.Add((value, error));
            }
        }
    }
}
