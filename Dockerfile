# Builds an image that serves a model (docs/serving.md, "In a container"). For x64, because libtorch's packages have no Linux on ARM.
#   docker build -t foreword .
#   docker run -p 8080:8080 -v "$PWD/runs/shakespeare:/model:ro" -v "$PWD/api-key:/run/secrets/api-key:ro" foreword
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
# Serving runs on the plain C# engine, so the image leaves out libtorch, which has nine tenths of the bytes.
RUN dotnet publish src/Foreword.Cli -c Release -r linux-x64 --no-self-contained -p:PublishReadyToRun=true -p:RunAnalyzers=false -o /app \
    && find /app -type f \( -name 'libtorch*' -o -name 'libc10*' -o -name 'libgomp*' -o -name 'libLibTorchSharp*' \) -delete

FROM mcr.microsoft.com/dotnet/aspnet:10.0
COPY --from=build /app /app
# No pipe for debuggers in /tmp, so the file system of the container can be read-only.
ENV DOTNET_EnableDiagnostics=0
USER $APP_UID
EXPOSE 8080
VOLUME /model
# The image has no curl. bash opens the connection itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /ready HTTP/1.0\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]
ENTRYPOINT ["dotnet", "/app/Foreword.Cli.dll", "serve"]
CMD ["/model", "--urls", "http://0.0.0.0:8080", "--api-key", "@/run/secrets/api-key"]
